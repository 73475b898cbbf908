"""The procedural images: what their factors promise is seen in the pixels."""

from __future__ import annotations

import colorsys

import numpy as np
import pytest

from core.data import sprites
from core.data.dataset import digest_of
from core.data.datasets import load_dataset
from core.data.sources import DATASETS
from core.data.sprites import NAMES, VALUES, draw, factors

SHAPE, HUE, SIZE, ANGLE, X, Y = range(6)
MIDDLE = (0, 0, 3, 3, 2, 2)


def varying(factor, base=MIDDLE):
    """The images whose factors are those of `base`, one for each level of one factor."""
    levels = np.tile(base, (len(VALUES[factor]), 1))
    levels[:, factor] = np.arange(len(levels))
    return draw(levels).astype(float)


def ink(images):
    """How much of each pixel the shape covers, (N, 32, 32) in [0, 1]; the largest channel of a colour is 255."""
    return images.max(1) / 255


def centres(images):
    weights = ink(images)
    grid = np.arange(32) + 0.5
    return np.stack([(weights * axis).sum((1, 2)) / weights.sum((1, 2)) for axis in (grid[None, :], grid[:, None])], 1)


def test_the_images_are_the_same_on_every_machine():
    arrays = sprites.sprites()
    assert [(a.shape, a.dtype.name) for a in arrays] == [
        ((4000, 3, 32, 32), "uint8"),
        ((4000,), "int64"),
        ((1000, 3, 32, 32), "uint8"),
        ((1000,), "int64"),
    ]
    assert digest_of(*arrays) == "86fe5b355b37ac38"


def test_the_data_set_comes_with_its_factors():
    dataset = load_dataset("sprites")
    assert dataset.factors is factors() and dataset.classes == sprites.SHAPES
    assert dataset.shape.chw == (3, 32, 32) and dataset.digest == DATASETS["sprites"].digest
    assert len(dataset.factors.test) == len(dataset.test_images) == 1000
    assert load_dataset("mnist-5k").factors is None


def test_no_two_images_are_equal_and_every_level_is_tested_often():
    train, _, test, _ = sprites.sprites()
    assert len({image.tobytes() for part in (train, test) for image in part}) == 5000
    known = factors()
    assert known.names == NAMES and known.sizes == (3, 6, 4, 8, 6, 6)
    for split, fewest in (("train", 400), ("test", 100)):
        for levels, size in zip(known.levels(split).T, known.sizes, strict=True):
            counts = np.bincount(levels, minlength=size)
            assert len(counts) == size and counts.min() > fewest


def test_factors_are_independent_of_one_another():
    levels = np.concatenate([factors().train, factors().test]).astype(float)
    correlations = np.corrcoef(levels.T) - np.eye(6)
    assert abs(correlations).max() < 0.05


def test_the_classes_are_the_shapes():
    _, train_labels, _, test_labels = sprites.sprites()
    assert np.array_equal(train_labels, factors().train[:, SHAPE])
    assert np.array_equal(test_labels, factors().test[:, SHAPE])


@pytest.mark.parametrize("shape", range(3))
def test_x_and_y_move_the_same_picture(shape):
    base = (shape, *MIDDLE[1:])
    for factor, step in ((X, (2, 0)), (Y, (0, 2))):
        images = varying(factor, base)
        assert np.allclose(np.diff(centres(images), axis=0), step)
        assert all(
            np.array_equal(np.roll(images[0], 2 * i, 2 - (factor == Y)), image) for i, image in enumerate(images)
        )


def test_no_shape_is_cut_off_by_the_border():
    """Each shape has the same area at the first, a middle and the last position, and the area of its size."""
    grid = np.stack(np.meshgrid(*map(np.arange, (3, 1, 4, 8)), indexing="ij"), -1).reshape(-1, 4)
    areas = [ink(draw(np.c_[grid, np.full((96, 2), at)]).astype(float)).sum((1, 2)) for at in (0, 2, 5)]
    assert np.allclose(areas, areas[0])
    side = np.array([float(value.split()[0]) for value in VALUES[SIZE]])[grid[:, 2]]
    assert np.allclose(areas[0], side**2, rtol=0.02)


def test_hues_are_the_named_ones():
    found = np.array([colorsys.rgb_to_hsv(*image[:, 15, 15] / 255) for image in varying(HUE)])
    named = [float(value.strip("°")) / 360 for value in VALUES[HUE]]
    assert np.allclose(found, np.c_[named, np.full((6, 2), (0.75, 1))], atol=0.003)


def test_angles_are_the_named_ones():
    """The long axis of the ellipse, from its second moments; positive is anticlockwise."""

    def long_axis(image):
        rows, columns = np.nonzero(image)
        cov = np.cov(columns, -rows, aweights=image[rows, columns])
        return np.degrees(np.arctan2(2 * cov[0, 1], cov[0, 0] - cov[1, 1]) / 2)

    found = [long_axis(image) for image in ink(varying(ANGLE, (1, *MIDDLE[1:])))]
    assert np.allclose(found, [float(value.strip("°")) for value in VALUES[ANGLE]], atol=1)


def test_all_shapes_turn_the_same_way_and_mirror_at_opposite_angles():
    for shape in range(3):
        turned = ink(varying(ANGLE, (shape, *MIDDLE[1:])))[:, 4:26, 4:26]  # the window around the middle position
        assert np.allclose(turned, turned[::-1, :, ::-1], atol=1 / 30)
    heart, square = (ink(varying(ANGLE, (shape, *MIDDLE[1:])))[-1] for shape in (2, 0))
    lowest = heart[np.flatnonzero(heart.max(1))[-1]]
    assert lowest.argmax() > 15, "anticlockwise, the tip of the heart goes to the right"
    assert square[:, np.flatnonzero(square.max(0))[0]].argmax() < 15, (
        "and the square's upper left corner is its leftmost"
    )


def test_a_turned_square_is_another_image():
    images = varying(ANGLE)
    apart = abs(images[:, None] - images[None]).sum((2, 3, 4)) / 255 + 1e9 * np.eye(8)
    assert apart.min() > 4, "in pixels of ink"
