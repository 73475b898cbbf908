"""Errors meant for people: one base class whose message is shown as it is, in a terminal and on a page.

The message names the value at fault, the choices and the remedy. `core.cli.main.main` and `dashboard.session.boundary.guard` each catch
the base class, in one place. Any other exception that reaches them is a fault of this program and is treated as one.

Exit codes of a terminal command, by what has to change before it can succeed:

    REQUEST = 2   the request: an option, a path, a name, a setting
    FAILURE = 1   something else: a training diverged, a file is damaged, a check found a difference
"""

from __future__ import annotations

REQUEST, FAILURE = 2, 1


class UserFacingError(Exception):
    """Base of every error whose message is written for the person who caused or meets it.

    Attributes:
        exit_code: of a terminal command that ends with this error, `REQUEST` unless a subclass says otherwise.
    """

    exit_code: int = REQUEST


class ArgumentError(UserFacingError, ValueError):
    """A function was called with a value it cannot use. The message names the value and the choices."""


class NotMeasurable(UserFacingError, ValueError):
    """A figure does not exist for these images or codes: too few of them, or all alike. The message says why."""


def told(error: BaseException, most: int = 1000) -> str:
    """What a person is told of an error: its own words where they are meant for people, else its kind with them, cut to `most`."""
    return str(error) if isinstance(error, UserFacingError) else f"{type(error).__name__}: {str(error)[:most]}"
