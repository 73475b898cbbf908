"""Session state and URL; the only module that uses st.session_state.

Widgets bound to the URL (`bind="query-params"`) own their parameter: the key is its name, and the browser writes it.
Streamlit silently ignores an invalid value, so `Asked.check` compares the URL with what is shown and adds a notice.
"""

from __future__ import annotations

import hashlib
import math
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

_NOTICES, _VISITOR, _PUT, _SECRETS = "_notices", "_visitor", "_put", "_secrets"


def get(key: str, default: Any = None) -> Any:
    """A value of this visitor's session."""
    return st.session_state.get(key, default)


def put(key: str, value: Any) -> None:
    """Set a value; for a widget's key, only from a callback or before the widget is drawn."""
    st.session_state[key] = value
    st.session_state.setdefault(_PUT, set()).add(key)


def take(key: str) -> Any:
    """A value of this visitor's session, which is removed; None if there is none."""
    return st.session_state.pop(key, None)


def learn(secret: str) -> None:
    """Note the secret of uploaded images, which this visitor uploaded or has from a link."""
    st.session_state[_SECRETS] = secrets() | {secret}


def secrets() -> frozenset[str]:
    """The secrets of uploaded images that this visitor knows."""
    return st.session_state.get(_SECRETS, frozenset())


def visitor() -> str:
    """A random name for this browser: a visitor can stop trainings of their own, and their number is limited."""
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
    """Whether the page has the dark theme."""
    return st.context.theme.type == "dark"


@dataclass(frozen=True)
class Asked:
    """The value of one parameter in the URL before its widget is drawn; `text` is None if there is none."""

    key: str
    text: str | None

    def infinite(self) -> bool:
        """Whether the text is an infinite number, now or earlier in this session; `number_input` fails on these."""
        try:
            infinite = self.text is not None and not math.isfinite(float(self.text))
        except (ValueError, OverflowError):
            infinite = False
        if infinite:
            put(f"_unbound-{self.key}", True)
        return bool(get(f"_unbound-{self.key}"))

    def check(self, label: str, shown: Any, choices: str) -> None:
        """Add a notice if the widget shows something other than what the link asked for."""
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
    """The raw value of a URL parameter; call before the widget with that key is drawn.

    If the value was set by `put`, as by a button, the URL still has the old one, for which nobody asks any more.
    """
    values = [] if key in get(_PUT, ()) else st.query_params.get_all(key)
    return Asked(key, values[-1] if values else None)


def parameters() -> dict[str, str]:
    """All URL parameters as they are now."""
    return st.query_params.to_dict()


def go(**changes: str | None) -> None:
    """Change URL parameters that no widget owns, as one step of the browser's history; None removes one."""
    st.query_params.from_dict({k: v for k, v in {**parameters(), **changes}.items() if v is not None})


def flag(key: str) -> bool:
    """A URL parameter that is true or false; any other value counts as false and adds a notice."""
    found = asked(key)
    on = found.text is not None and found.text.lower() == "true"
    found.check(key, on, "true or false")
    return on


def keep(*keys: str) -> None:
    """Keep the values of widgets that this page does not draw; Streamlit would forget them."""
    for key in keys:
        if key in st.session_state:
            st.session_state[key] = st.session_state[key]


def link(key: str, text: str) -> None:
    """Write a URL parameter that no widget owns."""
    st.query_params[key] = text


def link_all(texts: dict[str, str | None]) -> None:
    """Write several URL parameters that no widget owns; None removes one."""
    st.query_params.update({key: text for key, text in texts.items() if text is not None})
    for key, text in texts.items():
        if text is None and key in st.query_params:
            del st.query_params[key]


def settle(key: str, options: Sequence[Any], label: str, why: str) -> None:
    """Reset a widget's stored value to the first option if it is no longer among `options`, with a notice."""
    if key in st.session_state and st.session_state[key] not in options:
        old = st.session_state[key]
        st.session_state[key] = options[0]
        notice(f"{label} {old} {why}. Shown is {options[0]}.")


def notice(text: str) -> None:
    """Add a notice that is shown at the top of the page."""
    if text not in st.session_state.setdefault(_NOTICES, []):
        st.session_state[_NOTICES].append(text)


def take_notices() -> list[str]:
    """Return all notices so far and remove them; called at the end of every run."""
    st.session_state.pop(_PUT, None)
    return st.session_state.pop(_NOTICES, [])


def shorten(text: str, most: int = 40) -> str:
    """Untrusted text as one short line without markdown."""
    clean = "".join(c if c.isalnum() or c in " .,;:+-_=/()@%" else "·" for c in text)[: most + 1]
    return clean if len(clean) <= most else clean[:most] + "…"
