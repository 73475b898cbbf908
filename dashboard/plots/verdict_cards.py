"""The scorecard as HTML: one line of verdicts per claim, and the measurements that decide it.

Every trained model is a dot, so that a difference can be compared with the spread over seeds. A verdict is a circle:
● holds, ◐ depends, ○ does not hold, · not measured. It is conveyed by shape and words, because the colours stand for
the two models.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from core.metrics.scorecard import SETTINGS
from core.metrics.verdicts import DEPENDS, DOES_NOT, HOLDS, UNKNOWN, CaseResult, Row, Stat, show
from dashboard.plots import theme

WORDS = {HOLDS: "holds", DEPENDS: "depends", DOES_NOT: "does not hold", UNKNOWN: "not measured"}
RELATIONS = {"<": "lower than", ">": "higher than", ">=": "no less than"}
LEAST = 0.04  # smallest range of a track relative to its values, so that nearly equal values look equal

STYLE = """<style>
.claim p { margin: 0; font-size: .875rem; line-height: 1.4; }
.claim .said { font-size: .95rem; margin-bottom: .15rem; }
.claim .cases {
  display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 270px), 1fr)); gap: .7rem 1.6rem;
  margin-top: .7rem;
}
.claim .case { font-size: .875rem; line-height: 1.35; max-width: 460px; }
.claim .track { position: relative; height: 20px; margin: 3px 7px; border-radius: 10px; }
.claim .track i {
  position: absolute; top: 50%; width: 11px; height: 11px; margin: -5.5px 0 0 -5.5px; border-radius: 50%;
  box-sizing: border-box;
}
.claim .track b { position: absolute; top: 2px; bottom: 2px; width: 2px; margin-left: -1px; }
.claim .side { white-space: nowrap; font-variant-numeric: tabular-nums; margin-right: 1.1rem; }
.ball {
  display: inline-block; box-sizing: border-box; width: .9em; height: .9em; vertical-align: -.08em;
  margin-right: .4em; border: 1.5px solid currentColor; border-radius: 50%;
}
.ball.full { background: currentColor; }
.ball.half { background: linear-gradient(90deg, currentColor 50%, transparent 50%); }
.ball.none { width: .3em; height: .3em; margin: .3em; border: 0; background: currentColor; opacity: .5; }

/* One line per claim: an expander with its sentence, and at the right one verdict per data set and latent size. */
.st-key-claims { --cases: CASES; --column: 5.4rem; gap: 0; }
.st-key-claims [class*="st-key-claim-"] {
  position: relative; gap: 0; border-bottom: 1px solid rgba(128, 128, 136, .22);
}
.st-key-claims [class*="st-key-claim-"] > :first-child {
  position: absolute; z-index: 1; top: 0; right: 0; width: auto; pointer-events: none;
}
.st-key-claims details { border: 0; background: none; border-radius: 0; padding: 0; }
.st-key-claims summary {
  padding: .55rem calc(var(--cases) * var(--column) + .5rem) .55rem 0; min-height: 2.6rem; box-sizing: border-box;
}
.st-key-claims details > div { padding: 0 0 .9rem 1.75rem; border: 0; }
.st-key-claims > *, .st-key-claims [class*="st-key-claim-"] > * + * { margin-top: 0; }
.verdicts { display: grid; grid-template-columns: repeat(var(--cases), var(--column)); text-align: center; }
.verdicts.marks { height: 2.6rem; align-items: center; }
.verdicts .ball { margin: 0; justify-self: center; }
.verdicts .ball:not(.none) { width: 1.05em; height: 1.05em; }
.heads {
  display: flex; justify-content: space-between; align-items: flex-end;
  border-bottom: 1px solid rgba(128, 128, 136, .5); padding-bottom: .3rem; font-size: .875rem;
  line-height: 1.25;
}
.st-key-claims > :not(:first-child) .heads { margin-top: 1.4rem; }
.heads h2 { margin: 0; padding: 0; font-size: 1.05rem; line-height: 1.3; font-weight: 600; }
@media (max-width: 640px) {
  .st-key-claims { --column: 1.9rem; }
  .st-key-claims details > div { padding-left: 0; }
  .st-key-claims summary { font-size: .9rem; }
  .heads .verdicts span {
    writing-mode: vertical-rl; transform: rotate(180deg); justify-self: center; text-align: left;
    white-space: nowrap;
  }
  .heads .verdicts br { display: none; }
}
</style>""".replace("CASES", str(len(SETTINGS)))


def ball(verdict: str) -> str:
    """The verdict as a circle in the colour of the text, with its words for screen readers."""
    kind = {HOLDS: "full", DEPENDS: "half", DOES_NOT: "empty"}.get(verdict, "none")
    return f'<span class="ball {kind}" role="img" aria-label="{WORDS[verdict]}" title="{WORDS[verdict]}"></span>'


def color_of(stat: Stat, dark: bool = False) -> str:
    """The model's colour; grey for a baseline or a threshold."""
    name = stat.name.lower()
    model = "vae" if name.startswith("vae") else "ae" if name.startswith("ae") else ""
    return theme.color(model, dark) if model else theme.muted(dark)


def span(values: Sequence[float]) -> tuple[float, float]:
    """The ends of a track that shows the values; its range is at least `LEAST` of the largest value."""
    low, high = min(values), max(values)
    least = LEAST * max(abs(low), abs(high), 1e-9)
    if high - low < least:
        middle = (low + high) / 2
        low, high = middle - least / 2, middle + least / 2
    pad = 0.04 * (high - low)
    return low - pad, high + pad


def _dots(stat: Stat, low: float, high: float, color: str, hollow: bool) -> str:
    marks = []
    for value in stat.values:
        left = f"left:{100 * (value - low) / (high - low):.1f}%"
        if stat.role is None:
            marks.append(f'<b style="{left};background:{color}"></b>')
        else:
            fill = f"border:2px solid {color}" if hollow else f"background:{color};opacity:.78"
            marks.append(f'<i style="{left};{fill}"></i>')
    return "".join(marks)


def case(result: CaseResult, dark: bool = False) -> str:
    """One comparison: its label, one dot per run on a common track, mean and spread of both sides."""
    label = f"{result.whole_label[:1].upper()}{result.whole_label[1:]}"
    if result.left is None or result.right is None:
        why_not = f", because {result.why_not.rstrip('.')}" if result.why_not else ""
        return (
            f'<div class="case" style="color:{theme.muted(dark)}">{escape(label or "Compared")}: not measured '
            f"here{escape(why_not)}</div>"
        )
    sides = (result.left, result.right)
    colors = [color_of(side, dark) for side in sides]
    hollow = [False, colors[0] == colors[1]]
    low, high = span([v for side in sides for v in side.values])
    dots = "".join(_dots(side, low, high, color, h) for side, color, h in zip(sides, colors, hollow, strict=True))
    means = " ".join(  # a space, so that the line can break on a narrow page
        f'<span class="side"><span style="color:{color}">{"○" if h else "●" if side.role else "|"}</span> '
        f"{escape(named(side, result.digits))}</span>"
        for side, color, h in zip(sides, colors, hollow, strict=True)
    )
    words = (
        f"{result.left.name} {RELATIONS[result.relation]} {result.right.name}: in {result.held} of {result.n} "
        f"{'run' if result.n == 1 else 'runs'}"
    )
    unit = f' <span style="color:{theme.muted(dark)}">{escape(result.unit)}</span>' if result.unit else ""
    track = f'<div class="track" style="background:{theme.faint(dark)}" title="{escape(words)}">{dots}</div>'
    head = (
        f'{escape(label)} <span style="color:{theme.muted(dark)}">· {escape(words)}</span>' if label else escape(words)
    )
    return f'<div class="case">{ball(result.verdict)}{head}{track}{means}{unit}</div>'


def named(side: Stat, digits: int) -> str:
    """One side of a comparison in words, e.g. "AE 0.0103 ± 0.0002" or "threshold 0.5"."""
    return f"{side.name} {show(side, digits)}" if side.role else f"threshold {side.mean:g}"


def verdict_line(name: str, verdict: str, condition: str) -> str:
    """A verdict with its condition, e.g. "mnist-5k, d = 16: ◐ depends: holds ...; does not hold ..."."""
    return (
        f'<p class="said"><strong>{escape(name)}</strong>: '
        f"{ball(verdict)}{WORDS[verdict]}{escape(f': {condition}' if condition else '')}</p>"
    )


def card(row: Row, where: str, dark: bool = False) -> str:
    """A claim for one data set and latent size: its verdict, the measure that decides it, the comparisons."""
    cases = "".join(case(result, dark) for result in row.cases)
    return (
        f'<div class="claim">{verdict_line(where, row.verdict, row.condition)}<p '
        f'style="color:{theme.muted(dark)}">{escape(row.measure)}</p><div class="cases">{cases}</div></div>'
    )


def share(line: Mapping[str, Any]) -> float:
    """The share of the settings in which a claim holds, 0 to 1, for the order of the claims."""
    worth = [
        {HOLDS: 1.0, DEPENDS: 0.5, DOES_NOT: 0.0}[row.verdict]
        for row in line["rows"].values()
        if row.verdict != UNKNOWN
    ]
    return sum(worth) / len(worth) if worth else 0.0


def heads(title: str, labels: Sequence[str], here: str) -> str:
    """The title of a group of claims and the settings above its columns; that of the chosen models, `here`, in bold."""
    cells = []
    for label in labels:
        name = " <br>".join(escape(part).replace(" ", "&nbsp;") for part in label.split(", "))
        cells.append(f"<span>{f'<strong>{name}</strong>' if label == here else name}</span>")
    return f'<div class="heads"><h2>{escape(title)}</h2><div class="verdicts">{"".join(cells)}</div></div>'


def marks(line: Mapping[str, Any]) -> str:
    """A claim's verdict for every setting, as one circle each.

    Args:
        line: see `core.metrics.scorecard.overview`.
    """
    return f'<div class="verdicts marks">{"".join(ball(row.verdict) for row in line["rows"].values())}</div>'


def legend() -> str:
    """The meaning of the circles."""
    return " &nbsp; ".join(f"{ball(verdict)}{words}" for verdict, words in WORDS.items())
