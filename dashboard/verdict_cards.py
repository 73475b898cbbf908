"""Claims as small pictures: every seed a dot, so that a difference is seen beside the spread it has to exceed. Pure HTML.

A verdict is a ball, filled as far as the claim holds: ● holds, ◐ depends, ○ does not, · not measured. Shape and words
carry it, not colour: colours here belong to the two models.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from core.metrics.verdicts import DEPENDS, DOES_NOT, HOLDS, UNKNOWN, CaseResult, Row, Stat, show
from dashboard import theme

WORDS = {HOLDS: "holds", DEPENDS: "depends", DOES_NOT: "does not hold", UNKNOWN: "not measured"}
RELATIONS = {"<": "lower than", ">": "higher than", ">=": "no less than"}
LEAST = 0.04  # a track is at least this share of its figures wide, so that equal figures look equal

STYLE = """<style>
.claim h4 { margin: 0 0 .1rem; padding: 0; font-size: 1.05rem; line-height: 1.35; }
.claim p { margin: 0; font-size: .875rem; line-height: 1.4; }
.claim .said { font-size: .95rem; margin: .35rem 0 .15rem; }
.claim .case { margin-top: .55rem; font-size: .875rem; line-height: 1.35; }
.claim .track { position: relative; height: 20px; margin: 3px 7px; border-radius: 10px; }
.claim .track i { position: absolute; top: 50%; width: 11px; height: 11px; margin: -5.5px 0 0 -5.5px; border-radius: 50%; box-sizing: border-box; }
.claim .track b { position: absolute; top: 2px; bottom: 2px; width: 2px; margin-left: -1px; }
.claim .side { white-space: nowrap; font-variant-numeric: tabular-nums; margin-right: 1.1rem; }
.ball { display: inline-block; box-sizing: border-box; width: .9em; height: .9em; vertical-align: -.08em; margin-right: .4em; border: 1.5px solid currentColor; border-radius: 50%; }
.ball.full { background: currentColor; }
.ball.half { background: linear-gradient(90deg, currentColor 50%, transparent 50%); }
.ball.none { width: .3em; height: .3em; margin: .3em; border: 0; background: currentColor; opacity: .5; }
table.verdicts { border-collapse: collapse; width: 100%; font-size: .9rem; line-height: 1.3; }
table.verdicts th { text-align: center; font-weight: 500; padding: .2rem .3rem .35rem; vertical-align: bottom; }
table.verdicts th:first-child, table.verdicts td:first-child { text-align: left; padding-left: 0; font-weight: 400; }
table.verdicts td { text-align: center; padding: .28rem .3rem; }
table.verdicts .ball { margin: 0; }
table.verdicts .ball:not(.none) { width: 1.05em; height: 1.05em; }
@media (max-width: 640px) { table.verdicts { font-size: .82rem; } table.verdicts th { font-size: .72rem; padding: .2rem .1rem; } }
table.verdicts tr { border: 0; border-bottom: 1px solid rgba(128, 128, 136, .22); }
table.verdicts th, table.verdicts td { border: 0; }
</style>"""


def ball(verdict: str) -> str:
    """The verdict as a mark in the text's own colour, with its words for a screen reader."""
    kind = {HOLDS: "full", DEPENDS: "half", DOES_NOT: "empty"}.get(verdict, "none")
    return f'<span class="ball {kind}" role="img" aria-label="{WORDS[verdict]}" title="{WORDS[verdict]}"></span>'


def color_of(stat: Stat, dark: bool = False) -> str:
    """The model's colour; grey for a control or a threshold."""
    name = stat.name.lower()
    model = "vae" if name.startswith("vae") else "ae" if name.startswith("ae") else ""
    return theme.color(model, dark) if model else theme.muted(dark)


def span(values: Sequence[float]) -> tuple[float, float]:
    """The ends of a track that shows the values, their differences neither hidden nor blown up."""
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
    """One comparison: its label, a dot a run on a common track, mean and spread of both sides."""
    label = f"{result.label[:1].upper()}{result.label[1:]}"
    if result.left is None or result.right is None:
        return f'<div class="case" style="color:{theme.muted(dark)}">{escape(label or "Compared")}: not measured here</div>'
    sides = (result.left, result.right)
    colors = [color_of(side, dark) for side in sides]
    hollow = [False, colors[0] == colors[1]]
    low, high = span([v for side in sides for v in side.values])
    dots = "".join(_dots(side, low, high, color, h) for side, color, h in zip(sides, colors, hollow))
    figures = " ".join(  # a space: where a narrow page may break the line
        f'<span class="side"><span style="color:{color}">{"○" if h else "●" if side.role else "|"}</span> {escape(named(side, result.digits))}</span>'
        for side, color, h in zip(sides, colors, hollow)
    )
    words = f"{result.left.name} {RELATIONS[result.relation]} {result.right.name}: in {result.held} of {result.n} {'run' if result.n == 1 else 'runs'}"
    unit = f' <span style="color:{theme.muted(dark)}">{escape(result.unit)}</span>' if result.unit else ""
    track = f'<div class="track" style="background:{theme.faint(dark)}" title="{escape(words)}">{dots}</div>'
    head = f'{escape(label)} <span style="color:{theme.muted(dark)}">· {escape(words)}</span>' if label else escape(words)
    return f'<div class="case">{ball(result.verdict)}{head}{track}{figures}{unit}</div>'


def named(side: Stat, digits: int) -> str:
    """ "AE 0.0103 ± 0.0002", or a threshold as it is."""
    return f"{side.name} {show(side, digits)}" if side.role else f"threshold {side.mean:g}"


def card(row: Row, dark: bool = False) -> str:
    """A whole claim: sentence, verdict with its condition, what decides it, its comparisons."""
    condition = f": {row.condition}" if row.condition else ""
    cases = "".join(case(result, dark) for result in row.cases)
    return (
        f'<div class="claim"><h4>{escape(row.sentence)}</h4>'
        f'<p class="said">{ball(row.verdict)}<strong>{WORDS[row.verdict]}</strong>{escape(condition)}</p>'
        f'<p style="color:{theme.muted(dark)}">{escape(row.measure)}</p>{cases}</div>'
    )


def table(lines: Sequence[Mapping[str, Any]], here: str) -> str:
    """All claims at all settings, a ball each; `here` is the setting whose cards are shown, set in bold.

    Args:
        lines: of `core.metrics.scorecard.overview`.
    """
    labels = list(lines[0]["rows"]) if lines else []
    head = "".join(f"<th>{'<strong>' if label == here else ''}{'<br>'.join(escape(part).replace(' ', '&nbsp;') for part in label.split(', '))}{'</strong>' if label == here else ''}</th>" for label in labels)
    body = []
    for line in lines:
        cells = "".join(f"<td>{ball(line['rows'][label].verdict)}</td>" for label in labels)
        body.append(f"<tr><td>{escape(line['sentence'])}</td>{cells}</tr>")
    return f'<table class="verdicts"><thead><tr><th></th>{head}</tr></thead><tbody>{"".join(body)}</tbody></table>'


def legend() -> str:
    """What the balls mean."""
    return " &nbsp; ".join(f"{ball(verdict)}{words}" for verdict, words in WORDS.items())
