"""Settings from the environment: one table, validated when the program starts, and shown in README.md.

All names start with POINT_OR_CLOUD_. A profile is another set of defaults: `demo` is for a public server and limits
what one visitor and all visitors together can use of the machine. A variable that is set takes precedence over the
profile.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs

from core.data.sources import DATASETS
from core.errors import UserFacingError

PREFIX = "POINT_OR_CLOUD_"
ROOT = Path(__file__).resolve().parent.parent
SHIPPED = ROOT / "checkpoints"
ELSEWHERE = {"REQUIRE_BROWSER", "REQUIRE_NODE"}  # read only by the tests


class SettingError(UserFacingError, ValueError):
    """An environment variable cannot be used. The message names it, the choices and the remedy."""


# Parsers of the variables' texts. Their ValueError says what is allowed; `_value` completes the message.


def one_of(*choices: str) -> Callable[[str], str]:
    """A parser for one of `choices`."""

    def parse(text: str) -> str:
        if text not in choices:
            raise ValueError(f"is not known; choose one of {', '.join(choices)}")
        return text

    return parse


def switch(text: str) -> bool:
    """Parse "on" or "off"."""
    return one_of("on", "off")(text) == "on"


def number(low: int, high: int) -> Callable[[str], int]:
    """A parser for an integer from `low` to `high`."""

    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = low - 1
        if not low <= value <= high:
            raise ValueError(f"must be a whole number from {low} to {high}")
        return value

    return parse


def numbers(low: int, high: int) -> Callable[[str], tuple[int, ...]]:
    """A parser for integers from `low` to `high`, separated by commas."""

    def parse(text: str) -> tuple[int, ...]:
        try:
            return tuple(number(low, high)(part.strip()) for part in text.split(","))
        except ValueError:
            raise ValueError(f"must be whole numbers from {low} to {high}, separated by commas") from None

    return parse


def device(text: str) -> str:
    """Parse the name of a device; `core.hardware.device.pick` checks whether this machine has it."""
    kind, _, index = text.partition(":")
    if kind not in ("auto", "cpu", "cuda", "mps") or (index and not (kind == "cuda" and index.isdecimal())):
        raise ValueError("is not known; choose one of auto, cpu, cuda, cuda:N, mps")
    return text


def frames(text: str) -> tuple[str, ...] | None:
    """Parse the sites that may embed the pages in a frame: () for none but the server, None for all, or origins."""
    if text in ("self", "any"):
        return () if text == "self" else None
    origins = tuple(part for part in re.split(r"[,\s]+", text) if part)
    for origin in origins:
        if not re.fullmatch(r"https?://(\*\.)?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*(:\d{1,5})?", origin):
            raise ValueError(
                "must be self, any, or origins such as https://example.org or https://*.example.org, "
                "separated by commas"
            )
    return origins


def address(text: str) -> str:
    """Parse the address of a web site; it ends with a slash afterwards."""
    if not re.fullmatch(r"https?://[^\s<>\"'?#/]+(/[^\s<>\"'?#]*)?", text) or len(text) > 500:
        raise ValueError("must be an address such as https://example.org/point-or-cloud/, without parameters")
    return text.rstrip("/") + "/"


def dataset_names(text: str) -> tuple[str, ...] | None:
    """Parse names of data sets, separated by commas; None for "all"."""
    if text == "all":
        return None
    names = tuple(part.strip() for part in text.split(","))
    for name in names:
        if name not in DATASETS:
            raise ValueError(f"is not known; give all, or some of {', '.join(DATASETS)}, separated by commas")
    return names


@dataclass(frozen=True)
class Setting:
    """One row of the table.

    Attributes:
        meaning: what the table in README.md says.
        parse: from the text of the variable to its value; its ValueError says what is allowed.
        default: the default as text; "" for none: then `value` returns None.
        demo: the default of the demo profile, if it differs.
        unset: what happens without a value, in words.
    """

    meaning: str
    parse: Callable[[str], Any]
    default: str = ""
    demo: str | None = None
    unset: str = ""

    def text(self, profile: str) -> str:
        """The default in a profile, as text."""
        return self.demo if profile == "demo" and self.demo is not None else self.default


SETTINGS: dict[str, Setting] = {
    "PROFILE": Setting(
        "set of defaults: `own` for your own machine, `demo` for a public server", one_of("own", "demo"), "own"
    ),
    "CACHE": Setting("folder for new runs, parsed data and compiled code", str, unset="the user's cache folder"),
    "CACHE_MB": Setting(
        "maximum total size of new runs, in MB; beyond it, the least recently used are removed",
        number(10, 1_000_000),
        "1000",
        demo="100",
    ),
    "DATA": Setting(
        "folder that torchvision's data sets are read from or downloaded to", str, unset="`data` in the cache"
    ),
    "DEVICE": Setting("training device: auto (the best available), cpu, cuda, cuda:N, mps", device, "auto"),
    "THREADS": Setting(
        "CPU threads per training",
        number(1, 1024),
        unset="one per idle core, at most 4; one fewer for trainings started from a page",
    ),
    "PRECISION": Setting(
        "precision of matrix products in training: auto (bf16 where the GPU or CPU supports it), fp32, bf16",
        one_of("auto", "fp32", "bf16"),
        "auto",
    ),
    "WORKERS": Setting("number of concurrent trainings", number(1, 256), "1"),
    "QUEUE": Setting("maximum number of queued trainings", number(0, 10_000), "8", demo="4"),
    "SCHEDULER": Setting(
        "address of a Dask scheduler; its workers then run the trainings instead of this machine", str, unset="none"
    ),
    "WARM": Setting("whether torch is imported ahead of the first request: on, off", switch, "on"),
    "SCENES": Setting("TOML file with the scenes of the walkthrough", str, unset="`dashboard/walkthrough/scenes.toml`"),
    "EPOCHS": Setting("maximum number of epochs for trainings started from a page", number(1, 1000), "60", demo="10"),
    "LATENT_DIMS": Setting(
        "latent sizes available for trainings started from a page", numbers(1, 64), "2,4,8,16,32", demo="2,16"
    ),
    "DATASETS": Setting(
        "data sets offered by the pages: all, or names separated by commas", dataset_names, "all", demo="mnist-5k"
    ),
    "FOLDERS": Setting("whether pages may train on `folder:` data sets: on, off", switch, "on", demo="off"),
    "HOURLY": Setting(
        "maximum number of trainings one visitor may start per hour", number(0, 10_000), unset="no limit", demo="6"
    ),
    "VISITORS": Setting(
        "maximum number of concurrent visitors; further visitors see a page saying that the server is full",
        number(1, 100_000),
        unset="no limit",
        demo="80",
    ),
    "MEMORY_MB": Setting(
        "memory of the server and its workers, in MB, above which cached results are dropped and no new training "
        "starts",
        number(200, 1_000_000),
        unset="no limit",
        demo="2000",
    ),
    "FRAMES": Setting(
        "other sites that may embed the pages in a frame: self (none), any, or origins separated by commas",
        frames,
        "https://huggingface.co, https://*.streamlit.app, https://share.streamlit.io",
    ),
    "DEMO": Setting("address of a server with the dashboard, which the static site links to", address, unset="no link"),
    "SITE": Setting("address of the static site, which the pages link to", address, unset="no link"),
    "IMPORT_MB": Setting(
        "maximum size of the images that a visitor uploads as a data set, in MB; 0: no page for it",
        number(0, 10_000),
        "200",
        demo="20",
    ),
    "IMPORT_HOURS": Setting(
        "hours after which an uploaded data set is removed, with all that was trained on it",
        number(1, 100_000),
        "720",
        demo="6",
    ),
    "IMPORT_UNPACKED_MB": Setting(
        "maximum size of imported pictures after unpacking, in MB", number(1, 100_000), "500", demo="60"
    ),
    "IMPORT_FILES": Setting("maximum number of pictures imported from a zip", number(10, 100_000), "5000", demo="500"),
    "IMPORT_MEGAPIXELS": Setting(
        "maximum size of one picture in an imported zip, in million pixels; larger ones are skipped",
        number(1, 50),
        "50",
        demo="25",
    ),
    "IMPORT_SECONDS": Setting(
        "maximum time for unpacking an imported zip, in seconds", number(1, 3600), "60", demo="20"
    ),
    "UPLOAD_MB": Setting("maximum size of an uploaded image, in MB", number(1, 5), "5", demo="3"),
}


def profile() -> str:
    """The name of the profile, "own" or "demo".

    Raises:
        SettingError: it is neither.
    """
    return _value("PROFILE", SETTINGS["PROFILE"].default)


def value(name: str) -> Any:
    """The setting POINT_OR_CLOUD_<name>: from the environment, else the default of the profile; None without a default.

    Raises:
        SettingError: the variable cannot be used.
    """
    return _value(name, SETTINGS[name].text(profile()))


def _value(name: str, default: str) -> Any:
    text = os.environ.get(PREFIX + name, "").strip() or default
    try:
        return SETTINGS[name].parse(text) if text else None
    except ValueError as error:
        remedy = f"Change it, or remove it for the default, {default or SETTINGS[name].unset}."
        raise SettingError(f"{PREFIX}{name}={text!r} {error}. {remedy}") from None


def check(environment: Mapping[str, str] | None = None) -> None:
    """Check that all settings can be used, and that the environment has no unknown ones.

    Args:
        environment: whose names are checked; by default that of this process.

    Raises:
        SettingError: naming the first wrong one.
    """
    for variable in sorted(os.environ if environment is None else environment):
        name = variable.removeprefix(PREFIX)
        if variable.startswith(PREFIX) and name not in SETTINGS and name not in ELSEWHERE:
            close = difflib.get_close_matches(name, SETTINGS, n=1)
            meant = f"Did you mean {PREFIX}{close[0]}?" if close else f"The settings are {', '.join(SETTINGS)}."
            raise SettingError(f"{variable} is not a setting. {meant}")
    for name in SETTINGS:
        value(name)


def source(name: str) -> str:
    """Where the value of a setting comes from: "environment", "demo profile" or "default"."""
    if os.environ.get(PREFIX + name, "").strip():
        return "environment"
    return "demo profile" if profile() == "demo" and SETTINGS[name].demo is not None else "default"


def table() -> str:
    """All settings as the table in README.md."""
    rows = ["| name | default | demo default | meaning |", "|---|---|---|---|"]
    for name, setting in SETTINGS.items():
        demo = "" if setting.demo is None else setting.demo
        rows.append(f"| `{PREFIX}{name}` | {setting.default or setting.unset} | {demo} | {setting.meaning} |")
    return "\n".join(rows)


def cache_dir() -> Path:
    """The folder of new runs, parsed data and compiled code: POINT_OR_CLOUD_CACHE, else in the user's cache folder."""
    return Path(value("CACHE") or platformdirs.user_cache_dir("point-or-cloud", appauthor=False)).expanduser()


def data_dir() -> Path:
    """The folder of torchvision's data sets: POINT_OR_CLOUD_DATA, else `data` in `cache_dir`."""
    return Path(value("DATA") or cache_dir() / "data").expanduser()
