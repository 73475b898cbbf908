"""`python -m core`: train, list, measure and export runs in a terminal. See `core.cli.main`."""

from core.cli.main import program

if __name__ == "__main__":
    program()
