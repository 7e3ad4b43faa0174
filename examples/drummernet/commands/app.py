"""The `drummernet` command: a file each for what it can do."""

import sys

import typer

from drummernet.commands.ablate import ablate
from drummernet.commands.batch import batch
from drummernet.commands.demo import demo
from drummernet.commands.evaluate import evaluate
from drummernet.commands.export import export
from drummernet.commands.kit import app as kit
from drummernet.commands.render import render
from drummernet.commands.serve import serve
from drummernet.commands.terminal import warn
from drummernet.commands.train import train
from drummernet.commands.transcribe import transcribe

__all__ = ["main"]

# Heavy imports stand inside the commands: `drummernet --help` need not wait for torch.
app = typer.Typer(
    help="Drum transcription learned without annotation.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
for command in (transcribe, batch, serve, demo, train, evaluate, ablate, render, export):
    app.command()(command)
app.add_typer(kit, name="kit")


def main() -> None:
    """Run the command; what the user can mend is one line on standard error and exit code 2."""
    try:
        app()
    except KeyboardInterrupt:
        warn("interrupted")
        sys.exit(130)
    except (ValueError, ImportError, OSError) as error:
        warn(f"error: {error}")
        sys.exit(2)
