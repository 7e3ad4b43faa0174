"""The `drummernet` command, `python -m drummernet`, and so what `torchrun -m` and `accelerate launch -m` start."""

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command, or say how to install what it needs."""
    try:
        from drummernet.commands.app import main as run
    except ModuleNotFoundError as error:
        sys.stderr.write(f"error: {error}: pip install 'ddsp_drums[drummernet]'\n")
        sys.exit(2)
    run()


if __name__ == "__main__":
    main()
