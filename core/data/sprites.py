"""Coloured sprites: small images of which it is known how they were made.

Every image (32x32, RGB) shows one shape on black and is determined by six independent factors:

    shape   square, ellipse, heart            hue    6 steps of 50 degrees, from red to violet
    size    4, half the side of the square    angle  8 steps of 10 degrees, from -35 to 35
    x, y    6 steps of 2 pixels each

All three shapes of one size have about the same area. Angle and hue are intervals, not circles: a square looks the
same after 90 degrees, so its angles span less than that, and violet is not followed by red again. So every factor can
be a coordinate, and every image has only one description. The idea is that of dSprites (Matthey et al. 2017), whose
squares and ellipses have several angles with the same image.

The data set is a fixed random choice of 5,000 of the 20,736 combinations. Images are computed with integers only
(coverage by counting 8x8 points per pixel), so they are the same on every machine.
"""

from __future__ import annotations

import functools
import math

import numpy as np

from core.data.factors import Factors

SIDE = 32
SHAPES = ("square", "ellipse", "heart")
N, N_TEST = 5000, 1000
SEED = 0

HALF_SIDES = (32, 40, 48, 56)  # of the square, in eighths of a pixel
ANGLES = (-35, -25, -15, -5, 5, 15, 25, 35)  # degrees
STEPS = 6  # positions in x and in y
STRIDE = 2  # pixels between positions
FINE = 8  # points per pixel and direction
UNIT = 4096  # sines, cosines and ratios are whole numbers of 1/4096
WINDOW = 22  # pixels: a shape fits into it at any angle
_FIRST = (SIDE - WINDOW - STRIDE * (STEPS - 1)) // 2  # corner of the window at the first position
# Colours with the largest channel at 255 and the smallest at 64, of hues 0, 50, ... 250 degrees.
COLOURS = ((255, 64, 64), (255, 223, 64), (128, 255, 64), (64, 255, 159), (64, 191, 255), (96, 64, 255))
HUES = tuple(50 * i for i in range(len(COLOURS)))

NAMES = ("shape", "hue", "size", "angle", "x", "y")
VALUES = (
    SHAPES,
    tuple(f"{hue}°" for hue in HUES),
    tuple(f"{2 * half / FINE:g} pixels" for half in HALF_SIDES),
    tuple(f"{angle}°" for angle in ANGLES),
    *(tuple(f"{_FIRST + WINDOW / 2 + STRIDE * i:g} pixels" for i in range(STEPS)) for _ in range(2)),
)


def _inside(shape: str, half: int, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Whether points are in a shape.

    Args:
        shape: one of `SHAPES`.
        half: half the side of the square of this size, in eighths of a pixel.
        u, v: to the right and up from the shape's centre, whole numbers of 1 / (8 UNIT) pixels.
    """
    if shape == "square":
        return (abs(u) <= half * UNIT) & (abs(v) <= half * UNIT)
    if shape == "ellipse":  # half axes 1.5 and 0.85 times half the side
        a, b = half * UNIT * 3 // 2, half * UNIT * 17 // 20
        u, v, a, b = u >> 6, v >> 6, a >> 6, b >> 6  # so that fourth powers fit into 64 bits
        return (u * b) ** 2 + (v * a) ** 2 <= (a * b) ** 2
    # A square that stands on a corner, and a disc on each of its upper sides. Along its sides the coordinates are
    # p and q (times the root of 2), from -a to a.
    a = half * UNIT * 53 // 50
    v = v + a // 10  # the middle of the outline is the centre
    p, q = v + u, v - u
    square = (abs(p) <= a) & (abs(q) <= a)
    discs = ((p - a) ** 2 + q**2 <= a**2) | ((q - a) ** 2 + p**2 <= a**2)
    return square | discs


@functools.lru_cache(maxsize=1)
def _masks() -> np.ndarray:
    """Coverage of each pixel of the window in 1/64, by shape, size and angle: int64 (3, 4, 8, WINDOW, WINDOW)."""
    # Points in the middle of the fine cells, in sixteenths of a pixel from the window's centre.
    points = 2 * np.arange(WINDOW * FINE, dtype=np.int64) + 1 - WINDOW * FINE
    right, down = points[None, :], points[:, None]
    masks = np.zeros((len(SHAPES), len(HALF_SIDES), len(ANGLES), WINDOW, WINDOW), np.int64)
    for k, angle in enumerate(ANGLES):
        cos, sin = (round(f(math.radians(angle)) * UNIT) for f in (math.cos, math.sin))
        u, v = (right * cos - down * sin) // 2, (-right * sin - down * cos) // 2  # turned anticlockwise
        for i, shape in enumerate(SHAPES):
            for j, half in enumerate(HALF_SIDES):
                fine = _inside(shape, half, u, v)
                masks[i, j, k] = fine.reshape(WINDOW, FINE, WINDOW, FINE).sum((1, 3))
    return masks


def draw(levels: np.ndarray) -> np.ndarray:
    """The images with these levels of the factors.

    Args:
        levels: (N, 6), in the order of `NAMES`.

    Returns:
        uint8 (N, 3, 32, 32).
    """
    shape, hue, size, angle, x, y = np.asarray(levels).T
    coverage = _masks()[shape, size, angle][:, None]  # (N, 1, WINDOW, WINDOW)
    colour = np.array(COLOURS, np.int64)[hue][:, :, None, None]
    sprites = ((coverage * colour + FINE * FINE // 2) // (FINE * FINE)).astype(np.uint8)
    images = np.zeros((len(levels), 3, SIDE, SIDE), np.uint8)
    for row in range(STEPS):
        for column in range(STEPS):
            here = np.flatnonzero((y == row) & (x == column))
            top, left = _FIRST + STRIDE * row, _FIRST + STRIDE * column
            images[here, :, top : top + WINDOW, left : left + WINDOW] = sprites[here]
    return images


@functools.lru_cache(maxsize=1)
def factors() -> Factors:
    """The levels of all images of the data set, with its split."""
    sizes = [len(levels) for levels in VALUES]
    chosen = np.random.default_rng(SEED).permutation(math.prod(sizes))[:N]
    levels = np.stack(np.unravel_index(chosen, sizes), 1).astype(np.int64)
    split = levels[: N - N_TEST], levels[N - N_TEST :]
    for part in split:
        part.setflags(write=False)  # shared by all visitors
    return Factors(NAMES, VALUES, *split)


def sprites() -> tuple[np.ndarray, ...]:
    """Training images (4000, 3, 32, 32) as uint8 and labels (4000,), then test images and labels (1000)."""
    train, test = factors().train, factors().test
    return draw(train), train[:, 0].copy(), draw(test), test[:, 0].copy()
