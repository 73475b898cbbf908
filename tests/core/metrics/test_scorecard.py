"""Verdicts are computed: the same claim holds, fails or depends as the figures do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as search
from hypothesis import strategies as some

from core.config import RunConfig
from core.errors import NotMeasurable
from core.metrics import records, scorecard
from core.metrics.claims import CLAIMS
from core.metrics.comparisons import changes_class_more, nearer
from core.metrics.scorecard import (
    SEEDS,
    role_of,
    standard,
)
from core.metrics.verdicts import (
    DEPENDS,
    DOES_NOT,
    HOLDS,
    UNKNOWN,
    Case,
    Claim,
    Measure,
    combine,
    decide,
    decide_case,
    larger,
    show,
)

ROOT = Path(__file__).resolve().parents[3]
SHARPER = Case("", Measure("ae", "r/mse", "AE"), "<", Measure("vae", "r/mse", "VAE"), margin=0.05)


def plan() -> list[RunConfig]:
    """The runs that a whole scorecard of mnist-5k with d = 16 uses."""
    pair = [standard(model, "mnist-5k", 16, seed) for seed in SEEDS for model in ("ae", "vae")]
    betas = [standard("vae", "mnist-5k", 16, seed, beta=beta) for seed in SEEDS for beta in (0.1, 10.0)]
    denoisers = [standard(model, "mnist-5k", 16, seed, noise=0.5) for seed in SEEDS for model in ("ae", "vae")]
    held_out = [standard(model, "mnist-5k", 16, held_out_class=c) for c in range(10) for model in ("ae", "vae")]
    return pair + betas + denoisers + held_out


def people(ae: dict, vae: dict) -> dict:
    return {"ae": {s: {"r": {"mse": v}} for s, v in ae.items()}, "vae": {s: {"r": {"mse": v}} for s, v in vae.items()}}


def test_a_case_is_decided_seed_by_seed():
    result = decide_case(SHARPER, people({0: 1.0, 1: 1.2, 2: 1.1}, {0: 2.0, 1: 2.2, 2: 2.1}))
    assert (result.verdict, result.held, result.n) == (HOLDS, 3, 3)
    assert result.left.mean == pytest.approx(1.1) and result.left.spread == pytest.approx(0.1)
    assert decide_case(SHARPER, people({0: 2.0}, {0: 1.0})).verdict == DOES_NOT
    assert decide_case(SHARPER, people({0: 1.0, 1: 3.0}, {0: 2.0, 1: 2.0})).verdict == DEPENDS


def test_a_difference_within_the_margin_counts_as_none():
    assert decide_case(SHARPER, people({0: 0.96}, {0: 1.0})).verdict == DOES_NOT
    assert decide_case(SHARPER, people({0: 0.94}, {0: 1.0})).verdict == HOLDS


def test_what_could_not_be_measured_is_listed_with_its_reason():
    scores = {
        "n": 7,
        "samples": {"not_measured": "too few."},
        "latent": {"knn_accuracy": None, "mmd": 0.1, "not_measured": {"knn_accuracy": "there are 7."}},
        "smoothness": {"jacobian": 1.0},
    }
    assert scorecard.reasons(scores) == {"samples": "too few.", "latent/knn_accuracy": "there are 7."}


def test_what_is_larger_is_the_same_question_from_both_sides():
    assert larger([0.2, 0.3], [0.1, 0.2]) == "left" and larger([0.1, 0.2], [0.2, 0.3]) == "right"
    assert larger([0.2, 0.1], [0.1, 0.2]) == "neither", "the seeds disagree"
    assert larger([1.04], [1.0]) == larger([1.0], [1.04]) == "neither" and larger([1.06], [1.0]) == "left"
    assert larger([0.02], [0.015], margin=0.1, least=0.01) == "neither", "a fourth more, and yet too little to count"
    with pytest.raises(NotMeasurable):
        larger([], [])
    with pytest.raises(ValueError, match=r"shorter|longer"):
        larger([1.0], [1.0, 2.0])


SHARE = some.floats(0, 1, allow_subnormal=False)
FIGURES = some.lists(some.tuples(SHARE, SHARE), min_size=1, max_size=4)


@given(FIGURES)
@search(max_examples=60, deadline=None)
def test_pages_and_scorecard_answer_alike_whose_pictures_change_class(figures):
    ae, vae = zip(*figures, strict=True)
    claim = next(claim for claim in CLAIMS if claim.id == "nearby")
    people = {
        kind: {seed: {"smoothness": {"flip_rate": {"0.1": v}}} for seed, v in enumerate(values)}
        for kind, values in (("ae", ae), ("vae", vae))
    }
    verdict, answer = decide(claim, people).verdict, changes_class_more(ae, vae)
    assert (verdict == HOLDS) == (answer == "ae")
    assert answer != "vae" or verdict == DOES_NOT


@given(FIGURES)
@search(max_examples=60, deadline=None)
def test_pages_and_scorecard_answer_alike_whose_samples_are_nearer(figures):
    ae, vae = zip(*figures, strict=True)
    case = next(claim for claim in CLAIMS if claim.id == "ae-generates").cases[0]
    people = {
        "ae": {seed: {"samples": {"mixture": {"fd": v}}} for seed, v in enumerate(ae)},
        "vae": {seed: {"samples": {"prior": {"fd": v}}} for seed, v in enumerate(vae)},
    }
    verdict, answer = decide_case(case, people).verdict, nearer(ae, vae)
    assert (verdict == HOLDS) == (answer == "first")
    assert answer != "second" or verdict == DOES_NOT


def test_only_seeds_that_both_have_are_compared():
    result = decide_case(SHARPER, people({0: 1.0, 7: 100.0}, {0: 2.0, 8: 0.1}))
    assert result.verdict == HOLDS and result.n == 1 and result.left.values == (1.0,) and result.left.spread is None


def test_nothing_measured_is_no_verdict():
    for population in (
        {},
        people({}, {}),
        people({0: None}, {0: 1.0}),
        {"ae": {0: {"r": {"not_measured": "why"}}}, "vae": {0: {"r": 3}}},
    ):
        result = decide_case(SHARPER, population)
        assert result.verdict == UNKNOWN and result.left is None
        assert result.why_not == ("why" if "not_measured" in str(population) else "")
    one = {
        "ae": {0: {"r": {"mse": None, "not_measured": {"mse": "there are 7.", "other": "no"}}}},
        "vae": {0: {"r": {"mse": 1.0}}},
    }
    assert decide_case(SHARPER, one).why_not == "there are 7."


def test_comparison_with_a_number_and_with_a_figure_of_the_same_run():
    high = Case("", Measure("ae", "r/mse", "AE"), ">", 0.9, margin=0)
    assert decide_case(high, people({0: 0.95, 1: 0.91}, {})).verdict == HOLDS
    assert decide_case(high, people({0: 0.9}, {})).verdict == DOES_NOT
    all_used = Case("", Measure("ae", "used", "AE"), ">=", Measure("ae", "d", "all"))
    assert decide_case(all_used, {"ae": {0: {"used": 16, "d": 16}}}).verdict == HOLDS
    assert decide_case(all_used, {"ae": {0: {"used": 15, "d": 16}}}).verdict == DOES_NOT


def test_the_condition_names_the_cases():
    cases = tuple(
        Case(label, Measure("ae", f"r/{label}", "AE"), ">", 0.5, margin=0) for label in ("one", "two", "three")
    )
    claim = Claim("x", "X.", "m", "start", cases)
    row = decide(
        claim,
        {"ae": {0: {"r": {"one": 0.9, "two": 0.1, "three": 0.9}}, 1: {"r": {"one": 0.8, "two": 0.2, "three": 0.3}}}},
    )
    assert row.verdict == DEPENDS
    assert row.condition == "holds one; does not hold two; is mixed three (holds in 1 of 2 runs)"
    assert (
        decide(claim, {"ae": {0: {"r": {"one": 0.9, "two": 0.9}}}}).verdict == HOLDS
    )  # what was not measured has no say
    json.dumps(row.to_dict(), allow_nan=False)
    assert row.to_dict()["cases"][1]["verdict"] == DOES_NOT


def test_what_all_cases_of_a_condition_share_is_told_once():
    def against(detail: str, path: str, label: str = "if trained") -> Case:
        return Case(label, Measure("ae", "x", "AE"), ">", Measure("ae", path, detail), detail=f"against {detail}")

    claim = Claim(
        "c", "s", "m", "uses", (against("PCA", "low"), against("WebP", "low"), against("PNG", "high", "if not"))
    )
    figures = {"ae": {0: {"x": 2.0, "low": 1.0, "high": 3.0}}}
    assert decide(claim, figures).condition == "holds if trained; does not hold if not"
    mixed = Claim("c", "s", "m", "uses", (against("PCA", "low"), against("WebP", "high")))
    assert decide(mixed, figures).condition == "holds if trained against PCA; does not hold if trained against WebP"


def test_settings_that_agree_are_told_by_their_size():
    places = scorecard._named({("a", 2): HOLDS, ("a", 16): DOES_NOT, ("b", 16): DOES_NOT})
    assert combine(places, "at ") == (DEPENDS, "holds at d = 2; does not hold at d = 16")
    places = scorecard._named({("a", 2): HOLDS, ("a", 16): HOLDS, ("b", 16): DOES_NOT})
    assert combine(places, "at ")[1] == "holds at d = 2, a d = 16; does not hold at b d = 16"


def test_combining_settings():
    assert combine({"at d = 2": HOLDS, "at d = 16": DOES_NOT}) == (DEPENDS, "holds at d = 2; does not hold at d = 16")
    assert combine({"at d = 2": HOLDS, "at d = 16": UNKNOWN}) == (HOLDS, "")
    assert combine({"at d = 2": UNKNOWN}) == (UNKNOWN, "")
    assert combine({"at d = 2": DEPENDS})[0] == DEPENDS


def test_claims_are_well_formed():
    """Every path names a figure that is measured, every role a run that is planned, every page one that exists."""
    ids = [claim.id for claim in CLAIMS]
    assert len(set(ids)) == len(ids) >= 12
    roles = {role_of(config)[0] for config in plan()} | {"vae beta 1"}
    for claim in CLAIMS:
        assert claim.cases and claim.sentence.endswith(".")
        for case in claim.cases:
            assert case.relation in ("<", ">", ">=")
            for side in (case.left, case.right):
                assert not isinstance(side, Measure) or side.role in roles


def test_every_claims_figures_are_measured(measured):
    """A pair that was really measured decides every case that needs nothing but the pair and the embedded data."""
    population = {name: {0: values} for name, values in measured.items()}
    decided = 0
    for claim in CLAIMS:
        for result, case in zip(decide(claim, population).cases, claim.cases, strict=True):
            sides = [side for side in (case.left, case.right) if isinstance(side, Measure)]
            if all(side.role in ("ae", "vae") and "/other/" not in side.path for side in sides):
                assert result.verdict in (HOLDS, DOES_NOT), (claim.id, case.label)
                decided += 1
    assert decided > len(CLAIMS) / 2


def test_roles():
    assert role_of(RunConfig(model="ae", seed=2)) == ("ae", 2)
    assert role_of(RunConfig(data_digest="ab")) == ("vae", 0)
    assert role_of(RunConfig(beta=10)) == ("vae beta 10", 0)
    assert role_of(RunConfig(model="ae", noise=0.5, seed=1)) == ("ae denoiser", 1)
    assert role_of(RunConfig(held_out_class=3)) == ("vae held-out", "class 3, seed 0")
    for changes in (
        {"epochs": 3},
        {"model": "multirate"},
        {"noise": 0.2},
        {"noise": 0.5, "held_out_class": 1},
        {"train_size": 99},
    ):
        assert role_of(RunConfig(**changes)) is None
    assert role_of(RunConfig(dataset="mnist")) is None  # the large sets have a recipe of their own
    assert role_of(standard("ae", "mnist", 16, 1)) == ("ae", 1)


def test_the_plan_has_a_run_for_every_role_and_three_seeds():
    seen = [role_of(config) for config in plan()]
    assert None not in seen and len(set(seen)) == len(seen)
    for role in ("ae", "vae", "ae denoiser", "vae denoiser", "vae beta 0.1", "vae beta 10"):
        assert {key for r, key in seen if r == role} == set(SEEDS)
    assert len([r for r, _ in seen if r == "ae held-out"]) == 10


@pytest.mark.usefixtures("shipped")
def test_damaged_committed_files_and_foreign_entries_are_passed_over(store):
    path = records.committed_file("mnist-5k", 16)
    path.parent.mkdir(parents=True)
    for text in ("{", "[]", '{"runs": {"x": {"config": {"unknown": 1}, "scores": {}}}}', '{"runs": {"x": {}}}'):
        path.write_text(text)
        assert scorecard.scorecard(store)[0].verdict == UNKNOWN


def test_show():
    result = decide_case(SHARPER, people({0: 1.0, 1: 1.2}, {0: 2.0, 1: 2.0}))
    assert show(result.left, 2) == "1.10 ± 0.14"
    assert show(decide_case(SHARPER, people({0: 1.0}, {0: 2.0})).left, 1) == "1.0"


def test_reading_the_scorecard_imports_neither_torch_nor_sklearn():
    import subprocess
    import sys

    heavy = ("torch", "sklearn", "scipy")
    code = "import sys; from core.metrics.scorecard import scorecard; scorecard()"
    code += f"; print([m for m in {heavy} if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert result.stdout.strip() == "[]", result.stderr
