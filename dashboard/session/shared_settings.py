"""Settings that a page and a component in the browser share, every one of them part of the URL.

The component changes them at the screen's rate without telling the server; where they come to rest, it sends all of
them (`SharedSettings.rested`). The page sets them when a link is followed or typed (`followed`). As messages can
cross, every change by the page increases `sequence`: the component adopts settings only with a sequence number other
than its own (dashboard/web/settings.js), and a message with an old number is ignored here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from dashboard.session import controls, state


@dataclass(frozen=True)
class Setting:
    """One setting.

    Attributes:
        label: its name for people.
        default: its value without a link; it is not written to the URL.
        read: the value that a URL's text or a message's JSON value stands for, or None for one that is not allowed.
        choices: what is allowed, for the notice about a wrong link.
    """

    label: str
    default: Any
    read: Callable[[Any], Any]
    choices: str


def one_of(label: str, options: Sequence[str], default: str | None = None, choices: str = "") -> Setting:
    """One of several words."""
    chosen = options[0] if default is None else default

    def read(asked: Any) -> str | None:
        return asked if isinstance(asked, str) and asked in options else None

    return Setting(label, chosen, read, choices or controls.one_of(options))


def number(label: str, low: float, high: float, default: float, digits: int = 2) -> Setting:
    """A number from `low` to `high`, rounded to `digits` decimal places."""

    def read(asked: Any) -> float | None:
        value = _finite(asked)
        return round(value, digits) if value is not None and low <= value <= high else None

    return Setting(label, default, read, f"a number from {low:g} to {high:g}")


def whole(label: str, low: int, high: int, default: int) -> Setting:
    """A whole number from `low` to `high`."""

    def read(asked: Any) -> int | None:
        value = _finite(asked)
        return int(value) if value is not None and value == int(value) and low <= value <= high else None

    return Setting(label, default, read, f"a whole number from {low} to {high}")


def switch(label: str) -> Setting:
    """On or off, at first off."""

    def read(asked: Any) -> bool | None:
        return asked if isinstance(asked, bool) else {"true": True, "false": False}.get(str(asked).lower())

    return Setting(label, False, read, "true or false")


def _finite(asked: Any) -> float | None:
    if isinstance(asked, bool) or not isinstance(asked, str | int | float):
        return None
    try:
        value = float(asked)
    except (ValueError, OverflowError):
        return None
    return value if math.isfinite(value) else None


def text(value: Any) -> str:
    """A value as it stands in the URL."""
    return str(value).lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else str(value)


@dataclass(frozen=True)
class SharedSettings:
    """The settings of one page, as page and component have last agreed on them.

    Attributes:
        values: by name.
        sequence: how often the page, not the component, has set them.
        url: their texts in the URL as the page last wrote it; any other text comes from a link or was typed.
    """

    values: Mapping[str, Any]
    sequence: int = 0
    url: Mapping[str, str] = field(default_factory=dict)

    def followed(self, texts: Mapping[str, str], settings: Mapping[str, Setting]) -> SharedSettings:
        """After a link with these texts; what it does not name or names wrongly has its default."""
        values = {}
        for name, setting in settings.items():
            value = setting.read(texts[name]) if name in texts else None
            values[name] = setting.default if value is None else value
        return replace(self, values=values, sequence=self.sequence + 1)

    def rested(self, message: Any, settings: Mapping[str, Setting]) -> SharedSettings:
        """After a message from the component. It is untrusted input: an unusable message changes nothing."""
        sent = message.get("values") if isinstance(message, Mapping) else None
        if not isinstance(sent, Mapping) or set(sent) != set(settings) or message.get("sequence") != self.sequence:
            return self
        values = {name: setting.read(sent[name]) for name, setting in settings.items()}
        return self if None in values.values() else replace(self, values=values)


def rested(key: str, message: Any, settings: Mapping[str, Setting]) -> None:
    """Note a message from the component; to be called before the page is drawn."""
    before = _load(key, settings)
    after = before.rested(message, settings)
    if after is not before:
        _save(key, after, settings)


def follow_link(key: str, settings: Mapping[str, Setting]) -> SharedSettings:
    """The settings after reading the URL; an invalid value there causes a notice.

    Args:
        key: of the page, in this visitor's session.
        settings: every setting by its name in the URL.
    """
    shared, texts = _load(key, settings), _texts(settings)
    if texts != shared.url:
        shared = shared.followed(texts, settings)
        for name, value in texts.items():
            if settings[name].read(value) is None:
                state.asked(name).check(settings[name].label, shared.values[name], settings[name].choices)
    elif any(setting.read(shared.values[name]) is None for name, setting in settings.items()):
        # other images than before: what does not exist among them is replaced
        known = {name: text(value) for name, value in shared.values.items()}
        shared = shared.followed(known, settings)
    return _save(key, shared, settings)


def _load(key: str, settings: Mapping[str, Setting]) -> SharedSettings:
    return state.get(f"_{key}") or SharedSettings({name: setting.default for name, setting in settings.items()})


def _texts(settings: Mapping[str, Setting]) -> dict[str, str]:
    found = {name: state.asked(name).text for name in settings}
    return {name: value for name, value in found.items() if value is not None}


def _save(key: str, shared: SharedSettings, settings: Mapping[str, Setting]) -> SharedSettings:
    """Keep settings in the session, and in the URL those that are not the default or that stand there already."""
    there, url = _texts(settings), {}
    for name, setting in settings.items():
        value = shared.values[name]
        if name in there and setting.read(there[name]) == value:
            url[name] = there[name]
        elif value != setting.default:
            url[name] = text(value)
    if url != there:
        state.link_all({name: url.get(name) for name in settings})
    shared = replace(shared, url=url)
    state.put(f"_{key}", shared)
    return shared
