"""Verdicts on claims, computed by comparing figures.

A claim has one or more cases. A case compares two figures of `core.metrics.scores`, left with right, seed by seed:

    ">"     left - right > max(margin * the larger of the two, least)
    "<"     the same with left and right exchanged
    ">="    left >= right

A difference smaller than the margin thus counts as none. `exceeds` is that rule, and `larger` applies it to two models
over their seeds; every statement that one of two models has more of something uses these two functions.

A case holds if it holds for every seed, does not hold if it holds for none, and is mixed otherwise. A claim holds if
all its cases hold, does not hold if none does, and otherwise depends on a condition, which is written with the labels
of its cases.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from core.errors import ArgumentError, NotMeasurable

HOLDS, DOES_NOT, DEPENDS, UNKNOWN = "holds", "does not", "depends", "not measured"
MARGIN = 0.05  # the smallest difference that counts, as a fraction of the larger figure; the default of a case

# role -> seed (or "class c, seed s") -> the scores of that run
Population = Mapping[str, Mapping[Any, Mapping[str, Any]]]


@dataclass(frozen=True)
class Measure:
    """One figure: of which models, where in their scores, and how it is called.

    Attributes:
        role: "ae", "vae", "ae denoiser", "vae held-out", "vae beta 10" ... (see `core.metrics.scorecard.role_of`).
        path: keys joined by "/", e.g. "samples/prior/fd".
        name: the displayed name.
    """

    role: str
    path: str
    name: str

    def values(self, population: Population) -> dict[Any, float]:
        """The figure of every run of this role that has it, by the run's key in the population."""
        found = {}
        for key, scores in population.get(self.role, {}).items():
            value: Any = scores
            for step in self.path.split("/"):
                value = value.get(step) if isinstance(value, Mapping) else None
            if isinstance(value, (int, float)):
                found[key] = float(value)
        return found

    def why_not(self, population: Population) -> str:
        """Why runs of this role lack the figure, if the reason is in their scores (`core.metrics.scores`); else ""."""
        part, *rest = self.path.split("/")
        for scores in population.get(self.role, {}).values():
            reasons = scores.get(part, {}).get("not_measured", "") if isinstance(scores.get(part), Mapping) else ""
            reason = reasons.get(rest[0], "") if isinstance(reasons, Mapping) and rest else reasons
            if isinstance(reason, str) and reason:
                return reason
        return ""


@dataclass(frozen=True)
class Case:
    """The statement `left relation right`, under the condition that `label` names.

    Attributes:
        label: the condition; "" for a claim with a single case.
        left: a figure.
        relation: ">", "<" or ">=".
        right: another figure, or a number.
        unit, digits: how the figures are displayed.
        margin, least: the smallest difference that counts, as a fraction of the larger figure and in its unit.
        detail: distinguishes cases with the same label; left out where all of them have the same verdict.
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
    """A common claim.

    Attributes:
        id: short identifier.
        sentence: the claim.
        measure: the figure that decides it, in words.
        page: the view that shows it.
        cases: the comparisons that decide it.
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
    """A case as measured.

    Attributes:
        label, relation, unit, digits, detail: as in `Case`.
        left, right: the figures; None if nothing was measured.
        held, n: the case holds in `held` of `n` runs.
        why_not: why nothing was measured, if that is known.
    """

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
        """Label and detail."""
        return " ".join(filter(None, (self.label, self.detail)))

    @property
    def verdict(self) -> str:
        """`HOLDS`, `DOES_NOT`, `DEPENDS` (on the seed) or `UNKNOWN`."""
        if not self.n:
            return UNKNOWN
        return HOLDS if self.held == self.n else DOES_NOT if not self.held else DEPENDS


@dataclass(frozen=True)
class Row:
    """A claim as measured with one data set and latent size; the condition is "" unless the verdict is `DEPENDS`."""

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
        for case, result in zip(value["cases"], self.cases, strict=True):
            case["verdict"] = result.verdict
        return value


def _stat(measure: Measure | float, values: dict[Any, float]) -> Stat:
    numbers = tuple(values.values())
    spread = statistics.stdev(numbers) if len(numbers) > 1 else None
    if isinstance(measure, Measure):
        return Stat(measure.name, measure.role, statistics.fmean(numbers), spread, numbers)
    return Stat(f"{measure:g}", None, measure, None, (measure,))


def exceeds(a: float, b: float, margin: float = MARGIN, least: float = 0.0) -> bool:
    """Whether a is larger than b by more than the margin; `margin` and `least` as in `Case`."""
    return a - b > max(margin * max(abs(a), abs(b)), least)


def larger(left: Sequence[float], right: Sequence[float], margin: float = MARGIN, least: float = 0.0) -> str:
    """Which side exceeds the other, pair by pair: "left", "right", or "neither" unless all pairs agree.

    Args:
        left, right: one value per seed, the same seeds in the same order.
        margin, least: as in `Case`.

    Raises:
        NotMeasurable: there are no values.
        ValueError: different numbers of values on the two sides.
    """
    both = list(zip(left, right, strict=True))
    if not both:
        raise NotMeasurable("there are no figures to compare.")
    if all(exceeds(a, b, margin, least) for a, b in both):
        return "left"
    return "right" if all(exceeds(b, a, margin, least) for a, b in both) else "neither"


def _holds(case: Case, left: float, right: float) -> bool:
    """Whether a case holds for the figures of one run."""
    if case.relation == ">":
        return exceeds(left, right, case.margin, case.least)
    if case.relation == "<":
        return exceeds(right, left, case.margin, case.least)
    if case.relation == ">=":
        return left >= right
    raise ArgumentError(f"relation {case.relation!r} is not known; choose one of >, <, >=.")


def decide_case(case: Case, population: Population) -> CaseResult:
    """A case decided run by run: runs with the same seed on both sides, a run with itself, or a run with a number."""
    left = case.left.values(population)
    right = case.right.values(population) if isinstance(case.right, Measure) else dict.fromkeys(left, float(case.right))
    shared = [key for key in left if key in right]
    sides = [side for side in (case.left, case.right) if isinstance(side, Measure)]
    return CaseResult(
        case.label,
        case.relation,
        case.unit,
        case.digits,
        left=_stat(case.left, {key: left[key] for key in shared}) if shared else None,
        right=_stat(case.right, {key: right[key] for key in shared}) if shared else None,
        held=sum(_holds(case, left[key], right[key]) for key in shared),
        n=len(shared),
        detail=case.detail,
        why_not="" if shared else next(filter(None, (side.why_not(population) for side in sides)), ""),
    )


def combine(verdicts: Mapping[str, str], before: str = "") -> tuple[str, str]:
    """The verdict over several conditions, and the condition it depends on in words.

    Args:
        verdicts: by the name of the condition; those that are `UNKNOWN` are left out.
        before: a word before the names of conditions, e.g. "at ".

    Returns:
        verdict, condition; the condition is "" unless the verdict is `DEPENDS`.
    """
    known = {label: verdict for label, verdict in verdicts.items() if verdict != UNKNOWN}
    if not known:
        return UNKNOWN, ""
    if len(set(known.values())) == 1 and DEPENDS not in known.values():
        return next(iter(known.values())), ""
    groups = ((HOLDS, "holds"), (DOES_NOT, "does not hold"), (DEPENDS, "is mixed"))
    parts = [
        f"{words} {before}{', '.join(label for label, found in known.items() if found == verdict)}"
        for verdict, words in groups
        if verdict in known.values()
    ]
    return DEPENDS, "; ".join(parts)


def decide(claim: Claim, population: Population) -> Row:
    """The cases of a claim as measured, its verdict, and the condition it depends on."""
    cases = tuple(decide_case(case, population) for case in claim.cases)
    counts = [f"(holds in {case.held} of {case.n} runs)" if case.verdict == DEPENDS else "" for case in cases]
    under: dict[str, set[str]] = {}
    for case in cases:
        under.setdefault(case.label, set()).add(case.verdict)
    labels = [
        case.label if len(under[case.label]) == 1 and case.verdict != DEPENDS else case.whole_label for case in cases
    ]
    conditions = [" ".join(filter(None, parts)) for parts in zip(labels, counts, strict=True)]
    verdict, condition = combine({name: case.verdict for name, case in zip(conditions, cases, strict=True)})
    if len(cases) == 1 and counts[0]:
        condition = counts[0].strip("()")
    return Row(claim.id, claim.sentence, claim.measure, claim.page, cases, verdict, condition)


def show(stat: Stat, digits: int) -> str:
    """Mean and spread for a table: "0.0101 ± 0.0002"."""
    text = f"{stat.mean:.{digits}f}"
    return text if stat.spread is None else f"{text} ± {stat.spread:.{digits}f}"


def close(measured: float, committed: float, relative: float, absolute: float) -> bool:
    """Whether a figure is within a fraction of the committed one or an absolute amount of it, whichever is larger."""
    return math.isclose(measured, committed, rel_tol=0, abs_tol=max(absolute, relative * abs(committed)))
