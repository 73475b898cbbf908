"""Errors whose message is written for users: one base class, shown as it is in a terminal and on a page.

The message names the wrong value, the choices and the remedy. `core.cli.main.main` and
`dashboard.session.boundary.guard` catch the base class. Any other exception that reaches them is a bug of this program
and is reported as one.

Exit codes of a terminal command, by what has to change before it can succeed:

    REQUEST = 2   the request: an option, a path, a name, a setting
    FAILURE = 1   something else: training diverged, a file is damaged, a check found a difference
"""

from __future__ import annotations

REQUEST, FAILURE = 2, 1


class UserFacingError(Exception):
    """Base of every error whose message is written for users.

    Attributes:
        exit_code: of a terminal command that ends with this error; `REQUEST` unless a subclass sets another.
    """

    exit_code: int = REQUEST


class ArgumentError(UserFacingError, ValueError):
    """A function was called with a value it cannot use. The message names the value and the choices."""


class NotMeasurable(UserFacingError, ValueError):
    """A figure cannot be computed for these images or codes: too few, or all equal. The message says why."""


def error_text(error: BaseException, limit: int = 1000) -> str:
    """An error as text for users: its message if it is written for them, else its class and a limited message."""
    return str(error) if isinstance(error, UserFacingError) else f"{type(error).__name__}: {str(error)[:limit]}"
