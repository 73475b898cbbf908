import numpy as np
import pytest

from core.neighbours import disagreement, nearest_neighbours


@pytest.mark.parametrize("batch", [7, 1000])
def test_matches_brute_force(batch):
    codes = np.random.default_rng(0).standard_normal((60, 5)) + 50  # far from the origin
    distances = np.linalg.norm(codes[:, None] - codes[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    assert np.array_equal(nearest_neighbours(codes, 4, batch), np.argsort(distances, axis=1)[:, :4])


def test_a_space_agrees_with_its_rotation_and_not_with_a_shuffle():
    rng = np.random.default_rng(1)
    codes = rng.standard_normal((300, 6))
    rotation = np.linalg.qr(rng.standard_normal((6, 6)))[0]
    assert disagreement(codes, 3 * codes @ rotation - 2).max() == 0
    assert disagreement(codes, rng.permutation(codes)).mean() > 0.9


def test_bad_sizes_are_named():
    with pytest.raises(ValueError, match="3 codes"):
        nearest_neighbours(np.zeros((3, 2)), 3)
    with pytest.raises(ValueError, match="3 and 4 codes"):
        disagreement(np.zeros((3, 2)), np.zeros((4, 2)))
