import numpy as np
import pytest

from core.errors import NotMeasurable
from core.latent.neighbours import disagreement, knn_accuracy, nearest_neighbours, trusted_neighbours, trustworthiness


def test_matches_brute_force():
    codes = np.random.default_rng(0).standard_normal((60, 5)) + 50  # far from the origin
    distances = np.linalg.norm(codes[:, None] - codes[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    assert np.array_equal(nearest_neighbours(codes, 4), np.argsort(distances, axis=1)[:, :4])


def test_no_code_is_its_own_neighbour_even_among_many_equal_ones():
    codes = np.repeat([[0.0, 1.0], [5.0, 5.0]], 10, axis=0)
    near = nearest_neighbours(codes, 3)
    assert not (near == np.arange(20)[:, None]).any()
    assert ((near < 10) == (np.arange(20) < 10)[:, None]).all(), "an equal code is nearer than any other"


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


SOME = np.random.default_rng(3).standard_normal((16, 3))


@pytest.mark.parametrize(
    ("codes", "labels", "why"),
    [
        (SOME[:7], np.arange(7) % 2, "at least 16 test images; there are 7"),
        (np.full((40, 3), 0.3) + 1e-5 * np.arange(3), np.arange(40) % 2, "all codes are equal"),
        (np.zeros((40, 3)), np.arange(40) % 2, "all codes are equal"),
        (SOME, np.zeros(16, int), "of one class"),
        (SOME, np.arange(16), "no class has two"),
    ],
)
def test_what_neighbours_cannot_tell_is_not_measured_and_says_why(codes, labels, why):
    with pytest.raises(NotMeasurable, match=why):
        knn_accuracy(codes, labels)
    if "class" not in why:
        with pytest.raises(NotMeasurable, match=why):
            disagreement(codes, codes)


def test_neighbours_are_measured_from_sixteen_images_on():
    assert 0 <= knn_accuracy(SOME, np.arange(16) % 2) <= 1
    assert not disagreement(SOME, 2 * SOME).any()


def test_trustworthiness_says_how_many_neighbours_it_used():
    assert [trusted_neighbours(n) for n in (2, 3, 16, 30, 31, 1000)] == [0, 1, 7, 14, 15, 15]
    assert trustworthiness(SOME, SOME[:, :2]) == trustworthiness(SOME, SOME[:, :2], k=trusted_neighbours(16))
    for codes, why in ((SOME[:2], "there are 2"), (np.ones((40, 3)), "equal")):
        with pytest.raises(NotMeasurable, match=why):
            trustworthiness(codes, np.zeros((len(codes), 2)))
