"""The entry point of the command line, where errors become one line and an exit code.

The commands and their options are in `core.cli.parser`, what the commands do is in `core.cli.commands`. Each error has
an exit code (see `core.errors`). torch is imported only by the commands that need it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from core import settings
from core.cli.parser import build_parser
from core.errors import FAILURE, UserFacingError
from core.hardware import cores


def one_line(error: BaseException) -> str:
    """An error's message on one line."""
    return " ".join(str(error).split()) or type(error).__name__


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; messages go to stderr, results to stdout.

    Args:
        arguments: by default those of the process.

    Returns:
        the exit code.
    """
    try:
        options = build_parser().parse_args(arguments)
        settings.check()
        from core.cli import commands

        return commands.COMMANDS[options.command](options)
    except UserFacingError as error:
        print(f"error: {one_line(error)}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt as interrupt:
        print(one_line(interrupt) if interrupt.args else "Interrupted.", file=sys.stderr)
        return 130
    except BrokenPipeError:  # e.g. `... | head` closed the output: not an error, and nothing more can be printed
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:  # of the file system, e.g. missing permissions, a full disk
        if error.errno is None:
            raise
        remedy = "Check the permissions and the space there, or give another folder with --store."
        print(f"error: {one_line(error)}. {remedy}", file=sys.stderr)
        return FAILURE


def program() -> NoReturn:
    """The console script `point-or-cloud` and `python -m core`: run `main` and exit.

    A training in a terminal usually has the machine to itself, so its threads may spin; their number follows the load.
    """
    if sys.argv[1:2] in (["train"], ["sweep"]):
        cores.spin()
    raise SystemExit(main())
