"""Settings from the environment, validated once and named in every message.

All names start with POINT_OR_CLOUD_. See the table in README.md.
"""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

PREFIX = "POINT_OR_CLOUD_"
ROOT = Path(__file__).resolve().parent.parent
SHIPPED = ROOT / "checkpoints"


class SettingError(ValueError):
    """An environment variable holds something unusable. The message names it, the choices and the remedy."""


def text(name: str, default: str = "", choices: tuple[str, ...] = ()) -> str:
    """The setting POINT_OR_CLOUD_<name>, or `default`.

    Raises:
        SettingError: not one of `choices`.
    """
    value = os.environ.get(PREFIX + name, "").strip() or default
    if choices and value not in choices:
        raise SettingError(f"{PREFIX}{name}={value!r} is not known; choose one of {', '.join(choices)}.")
    return value


def number(name: str, default: float, low: float, high: float) -> float:
    """The numeric setting POINT_OR_CLOUD_<name>, or `default`.

    Raises:
        SettingError: not a number from `low` to `high`.
    """
    value = text(name, repr(default))
    try:
        result = float(value)
    except ValueError:
        result = float("nan")
    if not low <= result <= high:
        raise SettingError(f"{PREFIX}{name}={value!r} must be a number from {low:g} to {high:g}.")
    return result


def cache_dir() -> Path:
    """Where new runs, parsed data and compiled code are kept; POINT_OR_CLOUD_CACHE overrides the user's cache folder."""
    return Path(text("CACHE", platformdirs.user_cache_dir("point-or-cloud", appauthor=False))).expanduser()


def data_dir() -> Path:
    """Where torchvision's data sets are looked for and downloaded to; POINT_OR_CLOUD_DATA overrides."""
    return Path(text("DATA", str(cache_dir() / "data"))).expanduser()
