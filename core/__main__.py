"""`python -m core`: train, look at and share runs from a terminal. See `core.cli.main`."""

from core.cli.main import program

if __name__ == "__main__":
    program()
