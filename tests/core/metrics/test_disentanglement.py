"""Measures of disentanglement on codes whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import NotMeasurable
from core.metrics import disentanglement as measures
from core.metrics.disentanglement import completeness, dci, disentanglement, explained, factor_vae_score, mig

SIZES = (3, 4, 5)


def levels_of(n, seed):
    return np.random.default_rng(seed).integers(SIZES, size=(n, len(SIZES)))


@pytest.fixture(scope="module")
def levels():
    """Of 600 training images and of 2,000 test images."""
    return levels_of(600, 0), levels_of(2000, 1)


def perfect(levels):
    """One dimension per factor."""
    return levels / (np.array(SIZES) - 1) - 0.5


def rotated(levels):
    """Dimensions 0 and 1 are turned by 45 degrees, so that each follows two factors alike."""
    codes = perfect(levels)
    return np.c_[codes[:, 0] + codes[:, 1], codes[:, 0] - codes[:, 1], codes[:, 2]]


def unrelated(levels):
    return np.random.default_rng(len(levels)).normal(size=(len(levels), 5))


def scores(code, levels):
    """MIG, the three scores of DCI, and the FactorVAE score."""
    train, test = levels
    return np.array(
        [mig(code(test), test), *dci(code(train), train, code(test), test), factor_vae_score(code(test), test)]
    )


# Mutual information


def test_information_of_a_code_that_is_the_factor_is_its_entropy(levels):
    test = levels[1]
    found, entropy = measures.information(perfect(test), test), measures.entropies(test)
    assert np.allclose(np.diag(found), entropy, atol=1e-12)
    assert np.allclose(entropy, np.log(SIZES), atol=0.01), "the levels are about equally frequent"
    assert abs(found - np.diag(entropy)).max() < 0.01, "independent factors tell nothing about each other"


def test_information_of_a_dimension_about_itself_is_the_entropy_of_its_bins():
    codes = np.random.default_rng(0).normal(size=(500, 1))
    cells = measures.binned(codes)
    assert measures.information(codes, cells) == pytest.approx(measures.entropies(cells)[0])
    assert cells.min() == 0 and cells.max() == 19


def test_information_of_a_coarser_code_by_hand():
    """A dimension that tells only whether a factor with four levels is above the middle tells ln 2 of ln 4."""
    test = np.repeat(np.arange(4), 50)[:, None]
    assert measures.information((test > 1) * 2.0, test) == pytest.approx(np.log(2))
    assert explained((test > 1) * 2.0, test) == pytest.approx(0.5)


def test_a_constant_dimension_tells_nothing(levels):
    assert np.allclose(measures.information(np.full((2000, 1), 3.0), levels[1]), 0, atol=1e-12)


# The scores


def test_a_code_with_one_dimension_per_factor_has_score_1(levels):
    assert np.allclose(scores(perfect, levels), 1, atol=0.01)


def test_further_dimensions_with_noise_change_little(levels):
    def noisy(levels):
        return np.c_[perfect(levels) + 0.01 * unrelated(levels)[:, :3], unrelated(levels)]

    assert (scores(noisy, levels) > 0.95).all()


def test_a_rotation_loses_what_belongs_to_single_dimensions_but_no_information(levels):
    straight, turned = scores(perfect, levels), scores(rotated, levels)
    assert explained(rotated(levels[1]), levels[1])[:2, :2].min() > 0.3, "both dimensions tell of both factors"
    assert turned[0] < 0.5, "of three gaps, only the one of the factor that was not turned is large"
    assert turned[1] < 0.8 > turned[2]
    assert turned[3] > 0.97 and straight[3] == 1

    def only_turned(levels):
        return rotated(levels)[:, :2]

    assert mig(only_turned(levels[1]), levels[1][:, :2]) < 0.12


def test_codes_that_know_nothing_are_at_chance(levels):
    found = scores(unrelated, levels)
    assert found[0] < 0.01 and found[1] < 0.05 and found[2] < 0.05
    assert abs(found[3] - np.mean([1 / size for size in SIZES])) < 0.05
    assert abs(found[4] - 1 / 3) < 0.1


def test_order_signs_and_units_of_the_dimensions_do_not_matter(levels):
    def smeared(levels):
        return rotated(levels) + 0.3 * unrelated(levels)[:, :3]

    def other(levels):
        return smeared(levels)[:, [2, 0, 1]] * [100, -0.01, -7] + [5, 0, -1000]

    there, here = scores(smeared, levels), scores(other, levels)
    assert there[0] == pytest.approx(here[0], abs=1e-9) and there[4] == here[4]
    assert np.allclose(there[1:4], here[1:4], atol=0.02), "a forest breaks ties by the order of the dimensions"
    assert 0.05 < there[0] < 0.9 > there[1], "none of them is at a limit"


def test_scores_are_reproducible(levels):
    assert np.array_equal(scores(unrelated, levels), scores(unrelated, levels))


def test_mig_of_a_single_dimension_is_its_share(levels):
    test = levels[1]
    share = explained(perfect(test)[:, :1], test)
    assert mig(perfect(test)[:, :1], test) == pytest.approx(share.mean())


def test_mig_of_two_equal_dimensions_is_0(levels):
    test = levels[1]
    assert mig(np.c_[perfect(test), perfect(test)], test) == 0


# DCI from a given matrix


def test_disentanglement_and_completeness_by_hand():
    assert disentanglement(np.eye(4)) == completeness(np.eye(4)) == 1
    assert disentanglement(np.ones((4, 4))) == pytest.approx(0) == completeness(np.ones((4, 4)))
    # Two factors, each spread over two dimensions of its own: every dimension follows one factor.
    split = np.array([[1, 0], [1, 0], [0, 1], [0, 1]]) / 2
    assert disentanglement(split) == 1 and completeness(split) == pytest.approx(1 - np.log(2) / np.log(4))
    assert disentanglement(split.T) == pytest.approx(completeness(split)) and completeness(split.T) == 1


def test_a_dimension_weighs_as_much_as_it_is_important():
    importance = np.array([[3.0, 0.0], [0.5, 0.5]])
    assert disentanglement(importance) == pytest.approx(3 / 4)
    assert disentanglement(np.vstack([importance, [0, 0]])) == pytest.approx(3 / 4), "one without importance has none"


# The FactorVAE score


def test_a_dimension_that_hardly_varies_can_be_left_out(levels):
    """The mean of an inactive unit is close to 0 and follows some image details by a tiny amount."""
    test = levels[1]
    codes = np.c_[perfect(test), 1e-6 * perfect(test)[:, 0]]
    active = np.array([True, True, True, False])
    assert factor_vae_score(codes, test, active) == 1
    assert factor_vae_score(codes[:, [3, 1, 2]], test, active[[3, 1, 2]]) < 0.8, "no vote for the first factor"


def test_without_any_active_dimension_the_score_is_chance(levels):
    test = levels[1]
    assert factor_vae_score(perfect(test), test, np.zeros(3, bool)) == pytest.approx(1 / 3, abs=0.04)
    assert factor_vae_score(np.zeros((2000, 2)), test) == pytest.approx(1 / 3, abs=0.04)


@pytest.mark.parametrize("measure", [mig, factor_vae_score, lambda codes, levels: dci(codes, levels, codes, levels)])
def test_a_factor_that_does_not_vary_cannot_be_measured(measure):
    with pytest.raises(NotMeasurable, match="same level"):
        measure(np.random.default_rng(0).normal(size=(20, 2)), np.zeros((20, 2), int))
    with pytest.raises(NotMeasurable):
        measure(np.zeros((0, 2)), np.zeros((0, 2), int))
