"""`python -m drummernet`, and so what `torchrun -m` and `accelerate launch -m` start."""

from drummernet.cli import main

if __name__ == "__main__":
    main()
