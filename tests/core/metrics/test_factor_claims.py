"""Claims about factors are decided by the figures, for data whose factors are known."""

from __future__ import annotations

import numpy as np
import pytest

from core.config import RunConfig
from core.data.datasets import load_dataset
from core.latent.sampling import Codes
from core.metrics import factor_claims, factor_scores
from core.metrics.factor_claims import BETAS, DECIDE, SCORES, decided, markdown, randomness
from core.metrics.judge import Judge
from core.metrics.scores import parts_for, plain
from core.metrics.subject import Subject
from core.metrics.verdicts import DEPENDS, DOES_NOT, HOLDS, UNKNOWN
from core.models.build import build_model


def population(vae, ae=0.1, pca=0.05, seeds=3):
    """Scores in which every measure of a VAE is `vae(beta, seed)`."""

    def factors(value):
        return {"factors": {**dict.fromkeys(SCORES, value), "pca": dict.fromkeys(SCORES, pca)}}

    found = {f"vae beta {beta:g}": {seed: factors(vae(beta, seed)) for seed in range(seeds)} for beta in BETAS}
    return {**found, "vae": found["vae beta 1"], "ae": {seed: factors(ae) for seed in range(seeds)}}


def verdicts(scores):
    return {row.id: row.verdict for row in decided(scores)}


def test_claims_follow_the_figures():
    rising = verdicts(population(lambda beta, _: 0.2 + beta / 20))
    assert rising == {"beta-separates": HOLDS, "vae-separates": HOLDS, "vae-separates-pca": HOLDS}
    falling = verdicts(population(lambda beta, _: 0.9 - beta / 20, ae=0.88, pca=0.99))
    assert falling == dict.fromkeys(rising, DOES_NOT)
    peak = verdicts(population(lambda beta, _: {1.0: 0.2, 4.0: 0.5}.get(beta, 0.3)))
    assert peak["beta-separates"] == DEPENDS
    assert set(verdicts({}).values()) == {UNKNOWN}


def test_every_score_that_decides_is_asked_for_and_named_in_the_condition():
    row = decided(population(lambda beta, _: {1.0: 0.2, 4.0: 0.5}.get(beta, 0.3)))[0]
    assert row.condition == "holds from β = 1 to 4; does not hold from β = 4 to 10"
    assert len(row.cases) == 2 * len(DECIDE)


def test_small_differences_count_as_none():
    assert verdicts(population(lambda *_: 0.115))["vae-separates"] == DOES_NOT


def test_randomness_by_hand():
    noisy = randomness(population(lambda _, seed: 0.1 * seed), "mig")
    assert noisy.over_seeds == pytest.approx(0.1) and noisy.over_betas == pytest.approx(0, abs=1e-12)
    steady = randomness(population(lambda beta, _: beta / 20), "mig")
    assert steady.over_seeds == 0 and steady.over_betas == pytest.approx(np.std([b / 20 for b in BETAS], ddof=1))
    assert (steady.best, steady.worst, steady.overtaken, steady.seeds) == (10, 1, 0, 3)
    # The worst beta has 0, 0.2, 0.4 and the best 0.1, 0.3, 0.5: 0.2 beats 0.1, 0.4 beats 0.1 and 0.3.
    mixed = randomness(population(lambda beta, seed: 0.2 * seed + 0.1 * (beta > 1)), "mig")
    assert mixed.overtaken == pytest.approx(3 / 9)
    assert (noisy.seed_matters, steady.seed_matters) == ("more", "less")
    even = randomness(population(lambda beta, seed: 0.1 * seed + 0.1 * (beta > 1) + 0.1 * (beta > 4)), "mig")
    assert 0.75 < even.over_betas / even.over_seeds < 1 and even.seed_matters == "as much"


def test_randomness_needs_several_seeds_and_betas():
    assert randomness(population(lambda *_: 0.3, seeds=1), "mig") is None
    assert randomness({}, "mig") is None
    assert randomness({"vae beta 1": population(lambda *_: 0.3)["vae"]}, "mig") is None


def test_the_table_holds_every_score_and_every_claim():
    text = markdown(population(lambda beta, _: 0.2 + beta / 20), "made up")
    for name in SCORES.values():
        assert f"| {name} | 0.050 ± 0.000 | 0.100 ± 0.000 | 0.250 ± 0.000 |" in text
    assert all(f"| {claim.sentence} | holds |" in text for claim in factor_claims.CLAIMS)
    assert markdown({}, "nothing").count("not measured") == len(factor_claims.CLAIMS)


def test_factors_are_measured_only_where_they_are_known():
    assert "factors" in parts_for(RunConfig(dataset="sprites")) and "factors" in parts_for(
        RunConfig(dataset="sprites", beta=4)
    )
    assert "factors" not in parts_for(RunConfig()) and "factors" not in parts_for(RunConfig(dataset="emoji", beta=4))
    assert "factors" not in parts_for(RunConfig(dataset="sprites", noise=0.5))


def test_dimensions_without_rate_have_no_vote():
    mean, stddev = np.zeros((4, 3), np.float32), np.ones((4, 3), np.float32)
    mean[:, 1], stddev[:, 2] = [-1, 1, -1, 1], 0.5  # KL 0, 0.5, and -ln 0.5 - 3/8 = 0.318 nats
    assert factor_scores.active_dimensions(Codes(mean, stddev, mean)).tolist() == [False, True, True]
    assert factor_scores.active_dimensions(Codes(mean, 0 * stddev, mean)) is None


@pytest.mark.slow
def test_the_part_of_a_run_measures_its_codes_and_pca():
    """An untrained network on sprites: it knows little, PCA finds at least the position, and the figures are JSON."""
    dataset = load_dataset("sprites")
    model = build_model(RunConfig(dataset="sprites", latent_dim=4)).eval().requires_grad_(False)
    judge = Judge(network=None, info={}, folder=None)
    judge._references[dataset.digest] = type("Reference", (), {"images": dataset.test_images})()
    found = plain(factor_scores.factors_part(Subject(model, dataset, judge)))
    assert {*SCORES, "explained", "pca"} == set(found) and set(found["pca"]) == set(SCORES)
    assert np.shape(found["explained"]) == (4, 6)
    assert found["pca"]["informativeness"] > 0.2 and 0 <= found["mig"] < 0.2
