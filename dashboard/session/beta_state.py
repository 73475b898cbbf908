"""The KL weight that a visitor is looking at: one value with a sequence number.

Two sides can set it. The *page* sets it when a link is followed or typed (`BetaState.followed`). The *knob* in the
browser sets it when it comes to rest (`BetaState.rested`); while it moves, nothing is sent. As messages can cross,
every change by the page increases `sequence`: the browser adopts a KL weight only if it comes with a sequence number
other than its own (beta_state.js), and a message from the knob with an old number is ignored here.

`docs/architecture.md` follows one weight from the knob to the trained network.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from core.config import BETA_RANGE, RunConfig
from core.errors import UserFacingError
from dashboard.session import state

PARAMETER = "beta"  # in the URL
_KEY = "_beta"  # in the session


@dataclass(frozen=True)
class BetaState:
    """A visitor's KL weight.

    Attributes:
        value: the weight, within `BETA_RANGE`.
        sequence: how often the page, not the knob, has set it.
        url: the URL's text as the page last wrote it; any other text comes from a link or was typed.
        released: the knob has just come to rest here, and it is not yet decided whether to start a training.
        started: the run whose training was started last by releasing the knob.
    """

    value: float = 1.0
    sequence: int = 0
    url: str | None = None
    released: bool = False
    started: str | None = None

    def followed(self, text: str) -> BetaState:
        """The state after a link with the KL weight `text`; the value is 1 if `text` is not a valid one."""
        return replace(self, value=_weight(text) or 1.0, sequence=self.sequence + 1, url=text, released=False)

    def rested(self, message: Mapping[str, Any] | None) -> BetaState:
        """The state after a message from the knob. It is untrusted input: an unusable message changes nothing."""
        message = message if isinstance(message, Mapping) else {}
        value = _weight(message.get("beta"))
        if value is None or message.get("sequence") != self.sequence:
            return self
        return replace(self, value=value, released=True)

    def decided(self, started: str | None = None) -> BetaState:
        """The state after the decision to train the run `started` for the released knob, or no run."""
        return replace(self, released=False, started=started or self.started)


def _weight(asked: Any) -> float | None:
    """A KL weight within `BETA_RANGE`, as `RunConfig` stores it; None for anything else."""
    if isinstance(asked, bool):
        return None
    try:
        low, high = BETA_RANGE
        return RunConfig(beta=float(asked)).beta if low <= float(asked) <= high else None
    except (TypeError, ValueError, OverflowError, UserFacingError):
        return None


def load() -> BetaState:
    """This visitor's KL weight."""
    return state.get(_KEY) or BetaState()


def save(beta: BetaState) -> BetaState:
    """Store a KL weight in the session, and in the URL unless it is the default and the URL has none."""
    if beta.value != 1.0 or state.asked(PARAMETER).text is not None:
        beta = replace(beta, url=f"{beta.value:.12g}")
        state.link(PARAMETER, beta.url or "")
    state.put(_KEY, beta)
    return beta


def follow_link() -> BetaState:
    """This visitor's KL weight after reading the URL; an invalid value there causes a notice."""
    asked, beta = state.asked(PARAMETER), load()
    if asked.text is not None and asked.text != beta.url:
        beta = beta.followed(asked.text)
        asked.check("KL weight β", f"{beta.value:.12g}", f"a number from {BETA_RANGE[0]:g} to {BETA_RANGE[1]:g}")
    return save(beta)
