"""How a claim is decided: by comparing figures, never by what somebody wrote.

A claim has one or more cases. A case compares two figures of `core.metrics.scores`, left against right, seed by seed:

    left - right > max(margin * the larger of the two, least)     (for "<" the other way round; for ">=", no less than right)

so a difference smaller than the margin counts as none. `exceeds` is that rule, and `larger` applies it to two models over
their seeds; whatever else says which of two models has more or less of something asks them too. A case holds if it does so for every seed, does not if for none,
and is mixed otherwise. A claim holds if all its cases do, does not if none does, and depends in between; the condition
is then spelled out from the cases' labels.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from core.errors import NotMeasurable

HOLDS, DOES_NOT, DEPENDS, UNKNOWN = "holds", "does not", "depends", "not measured"
MARGIN = 0.05  # the least difference that counts, as a share of the larger figure, unless a case says otherwise

# role -> seed (or "class c, seed s") -> everything measured about that run
Population = Mapping[str, Mapping[Any, Mapping[str, Any]]]


@dataclass(frozen=True)
class Measure:
    """One figure: of which models, where in their scores, and what to call it.

    Attributes:
        role: "ae", "vae", "ae denoiser", "vae held-out", "vae beta 10" ... (see `core.metrics.scorecard.role_of`).
        path: keys joined by "/", e.g. "samples/prior/fd".
        name: for people.
    """

    role: str
    path: str
    name: str

    def values(self, population: Population) -> dict[Any, float]:
        """The figure of every run of the role that has it."""
        found = {}
        for key, scores in population.get(self.role, {}).items():
            value: Any = scores
            for step in self.path.split("/"):
                value = value.get(step) if isinstance(value, Mapping) else None
            if isinstance(value, (int, float)):
                found[key] = float(value)
        return found

    def why_not(self, population: Population) -> str:
        """Why no run of the role has the figure, where that was noted when it was measured (see `core.metrics.scores`); else ""."""
        part, *rest = self.path.split("/")
        for scores in population.get(self.role, {}).values():
            reasons = scores.get(part, {}).get("not_measured", "") if isinstance(scores.get(part), Mapping) else ""
            reason = reasons.get(rest[0], "") if isinstance(reasons, Mapping) and rest else reasons
            if isinstance(reason, str) and reason:
                return reason
        return ""


@dataclass(frozen=True)
class Case:
    """left `relation` right, under the condition that `label` names.

    Attributes:
        detail: tells cases under one condition apart; a verdict that all of them share is told without it.
        right: another figure, or a number.
        unit, digits: for people.
        margin, least: the least difference that counts, as a share of the larger figure and in the figure's own unit.
    """

    label: str
    left: Measure
    relation: str
    right: Measure | float
    unit: str = ""
    digits: int = 2
    margin: float = MARGIN
    detail: str = ""
    least: float = 0.0


@dataclass(frozen=True)
class Claim:
    """One sentence of the story.

    Attributes:
        measure: what decides it, in plain words.
        page: where it can be seen, the name of a view.
    """

    id: str
    sentence: str
    measure: str
    page: str
    cases: tuple[Case, ...]


@dataclass(frozen=True)
class Stat:
    """A figure over seeds: mean, spread (standard deviation; None for fewer than two) and every value."""

    name: str
    role: str | None
    mean: float
    spread: float | None
    values: tuple[float, ...]


@dataclass(frozen=True)
class CaseResult:
    """A case as measured; `held` of `n` runs bear it out. left and right are None where nothing was measured; `why_not` says why, if known."""

    label: str
    relation: str
    unit: str
    digits: int
    left: Stat | None
    right: Stat | None
    held: int
    n: int
    detail: str = ""
    why_not: str = ""

    @property
    def whole_label(self) -> str:
        return " ".join(filter(None, (self.label, self.detail)))

    @property
    def verdict(self) -> str:
        if not self.n:
            return UNKNOWN
        return HOLDS if self.held == self.n else DOES_NOT if not self.held else DEPENDS


@dataclass(frozen=True)
class Row:
    """A claim as measured at one data set and latent size."""

    id: str
    sentence: str
    measure: str
    page: str
    cases: tuple[CaseResult, ...]
    verdict: str
    condition: str

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, with the verdict of each case."""
        value = asdict(self)
        for case, result in zip(value["cases"], self.cases):
            case["verdict"] = result.verdict
        return value


def _stat(measure: Measure | float, values: dict[Any, float]) -> Stat:
    numbers = tuple(values.values())
    spread = statistics.stdev(numbers) if len(numbers) > 1 else None
    if isinstance(measure, Measure):
        return Stat(measure.name, measure.role, statistics.fmean(numbers), spread, numbers)
    return Stat(f"{measure:g}", None, measure, None, (measure,))


def exceeds(a: float, b: float, margin: float = MARGIN, least: float = 0.0) -> bool:
    """Whether a is larger than b by enough to count."""
    return a - b > max(margin * max(abs(a), abs(b)), least)


def larger(left: Sequence[float], right: Sequence[float], margin: float = MARGIN, least: float = 0.0) -> str:
    """Which side's figures are larger by enough to count, pair by pair: "left", "right", or "neither" unless all pairs agree.

    Args:
        left, right: one value per seed, the same seeds in the same order.

    Raises:
        NotMeasurable: there are no values.
        ValueError: another number of values on either side.
    """
    both = list(zip(left, right, strict=True))
    if not both:
        raise NotMeasurable("there are no figures to compare.")
    if all(exceeds(a, b, margin, least) for a, b in both):
        return "left"
    return "right" if all(exceeds(b, a, margin, least) for a, b in both) else "neither"


def decide_case(case: Case, population: Population) -> CaseResult:
    """Compare run by run: the same seed on both sides, or a run with itself, or with a number."""
    left = case.left.values(population)
    right = case.right.values(population) if isinstance(case.right, Measure) else dict.fromkeys(left, float(case.right))
    shared = [key for key in left if key in right]
    tests = {
        ">": lambda a, b: exceeds(a, b, case.margin, case.least),
        "<": lambda a, b: exceeds(b, a, case.margin, case.least),
        ">=": lambda a, b: a >= b,
    }
    held = sum(tests[case.relation](left[key], right[key]) for key in shared)
    stats = (
        (_stat(case.left, {k: left[k] for k in shared}), _stat(case.right, {k: right[k] for k in shared}))
        if shared
        else (None, None)
    )
    sides = [side for side in (case.left, case.right) if isinstance(side, Measure)]
    why_not = "" if shared else next(filter(None, (side.why_not(population) for side in sides)), "")
    return CaseResult(
        case.label,
        case.relation,
        case.unit,
        case.digits,
        *stats,
        held=held,
        n=len(shared),
        detail=case.detail,
        why_not=why_not,
    )


def combine(verdicts: Mapping[str, str], before: str = "") -> tuple[str, str]:
    """Verdicts under named conditions -> the verdict over all of them, and the condition in words.

    What was not measured is left out; the condition is "" where there is nothing to tell apart.

    Args:
        before: a word before the names of conditions, e.g. "at ".
    """
    known = {label: verdict for label, verdict in verdicts.items() if verdict != UNKNOWN}
    if not known:
        return UNKNOWN, ""
    if len(set(known.values())) == 1 and DEPENDS not in known.values():
        return next(iter(known.values())), ""
    groups = ((HOLDS, "holds"), (DOES_NOT, "does not hold"), (DEPENDS, "is mixed"))
    parts = [
        f"{words} {before}{', '.join(l for l, v in known.items() if v == verdict)}"
        for verdict, words in groups
        if verdict in known.values()
    ]
    return DEPENDS, "; ".join(parts)


def decide(claim: Claim, population: Population) -> Row:
    """The claim's cases as measured, its verdict, and the condition it depends on."""
    cases = tuple(decide_case(case, population) for case in claim.cases)
    counts = [f"(holds in {case.held} of {case.n} runs)" if case.verdict == DEPENDS else "" for case in cases]
    under: dict[str, set[str]] = {}
    for case in cases:
        under.setdefault(case.label, set()).add(case.verdict)
    labels = [
        case.label if len(under[case.label]) == 1 and case.verdict != DEPENDS else case.whole_label for case in cases
    ]
    verdict, condition = combine(
        {" ".join(filter(None, (label, count))): c.verdict for label, c, count in zip(labels, cases, counts)}
    )
    if len(cases) == 1 and counts[0]:
        condition = counts[0].strip("()")
    return Row(claim.id, claim.sentence, claim.measure, claim.page, cases, verdict, condition)


def show(stat: Stat, digits: int) -> str:
    """Mean and spread for a table: "0.0101 ± 0.0002"."""
    text = f"{stat.mean:.{digits}f}"
    return text if stat.spread is None else f"{text} ± {stat.spread:.{digits}f}"


def close(measured: float, committed: float, relative: float, absolute: float) -> bool:
    """Whether two figures agree within a share of the committed one or an absolute amount, whichever is larger."""
    return math.isclose(measured, committed, rel_tol=0, abs_tol=max(absolute, relative * abs(committed)))
