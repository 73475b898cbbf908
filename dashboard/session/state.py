"""The one place that touches st.session_state and the URL.

Widgets bound to the URL (`bind="query-params"`) own their parameter: the key is its name, and the browser writes it.
Streamlit drops a value it cannot use without a word; here what the link asked for is compared with what is shown, and
the difference is told (`Asked.tell`).
"""

from __future__ import annotations

import hashlib
import math
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

_NOTICES, _VISITOR = "_notices", "_visitor"


def get(key: str, default: Any = None) -> Any:
    """A value of this visitor's session."""
    return st.session_state.get(key, default)


def put(key: str, value: Any) -> None:
    """Set a value; for a widget's key, only from a callback or before the widget is drawn."""
    st.session_state[key] = value


def visitor() -> str:
    """A random name for this browser, so that who asked for a training may stop it, and may not ask for a hundred."""
    if _VISITOR not in st.session_state:
        st.session_state[_VISITOR] = _browser(st.context.cookies.get("_streamlit_xsrf", "")) or uuid.uuid4().hex
    return st.session_state[_VISITOR]


def _browser(cookie: str) -> str:
    """The token in Streamlit's XSRF cookie, the same for all tabs. Format: 2|mask|token under the mask|time."""
    try:
        _, mask, masked, _ = cookie.split("|")
        mask, masked = bytes.fromhex(mask), bytes.fromhex(masked)
        token = bytes(byte ^ mask[i % len(mask)] for i, byte in enumerate(masked))
    except (ValueError, ZeroDivisionError):
        return ""
    return hashlib.sha256(token).hexdigest()[:32] if len(token) >= 16 else ""


def dark() -> bool:
    """Whether the page is dark right now."""
    return st.context.theme.type == "dark"


@dataclass(frozen=True)
class Asked:
    """What the link says about one parameter, before its widget is drawn; `text` is None if it says nothing."""

    key: str
    text: str | None

    def infinite(self) -> bool:
        """Whether the text is an infinite number, now or earlier in this session, which `number_input` cannot take."""
        try:
            unending = self.text is not None and not math.isfinite(float(self.text))
        except (ValueError, OverflowError):
            unending = False
        if unending:
            put(f"_unbound-{self.key}", True)
        return bool(get(f"_unbound-{self.key}"))

    def tell(self, label: str, shown: Any, choices: str) -> None:
        """Add a notice if the widget shows something else than the link asked for."""
        if self.text is None or self.text == str(shown):
            return
        try:
            if float(self.text) == float(shown):
                return
        except (TypeError, ValueError, OverflowError):
            if self.text.lower() == str(shown).lower():  # booleans
                return
        notice(
            f"The link asks for “{shorten(self.text)}” as “{label}”: choose {choices}. Shown is "
            f"{f'{shown:g}' if isinstance(shown, float) else shown}."
        )


def asked(key: str) -> Asked:
    """The raw value of a URL parameter; call before the widget with that key is drawn."""
    values = st.query_params.get_all(key)
    return Asked(key, values[-1] if values else None)


def parameters() -> dict[str, str]:
    """All URL parameters as they are now."""
    return st.query_params.to_dict()


def go(**changes: str | None) -> None:
    """Change URL parameters that no widget owns, None taking one out, in one step of the browser's history."""
    st.query_params.from_dict({k: v for k, v in {**parameters(), **changes}.items() if v is not None})


def flag(key: str) -> bool:
    """A URL parameter that is on or off; anything else than true or false is told, and off."""
    found = asked(key)
    on = found.text is not None and found.text.lower() == "true"
    found.tell(key, on, "true or false")
    return on


def keep(*keys: str) -> None:
    """Let widgets that this page does not draw have their values when the visitor comes back to a page that does."""
    for key in keys:
        if key in st.session_state:
            st.session_state[key] = st.session_state[key]


def link(key: str, text: str) -> None:
    """Write a URL parameter that no widget owns."""
    st.query_params[key] = text


def settle(key: str, options: Sequence[Any], label: str, why: str) -> None:
    """Put a widget's stored value back to the first option when it is no longer among `options`, and say so."""
    if key in st.session_state and st.session_state[key] not in options:
        old = st.session_state[key]
        st.session_state[key] = options[0]
        notice(f"{label} {old} {why}. Shown is {options[0]}.")


def notice(text: str) -> None:
    """Something the visitor should know, shown at the top of the page of this run."""
    if text not in st.session_state.setdefault(_NOTICES, []):
        st.session_state[_NOTICES].append(text)


def take_notices() -> list[str]:
    """All notices so far, and forget them."""
    return st.session_state.pop(_NOTICES, [])


def shorten(text: str, most: int = 40) -> str:
    """One short line of printable text without markdown, for showing what a stranger typed."""
    clean = "".join(c if c.isalnum() or c in " .,;:+-_=/()@%" else "·" for c in text)[: most + 1]
    return clean if len(clean) <= most else clean[:most] + "…"
