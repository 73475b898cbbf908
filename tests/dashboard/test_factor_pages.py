"""What the pages show of known factors: on traversals, on maps, and nothing where none are known."""

from __future__ import annotations

import numpy as np
import pytest
from driving import data_of

from core.config import ACTIVE_NATS
from core.data.factors import Factors
from core.data.sprites import factors
from core.metrics import factor_claims
from core.metrics.disentanglement import FOLLOWS, explained, followed
from dashboard import cache
from dashboard.content.factors import NO_FACTOR, followed_words, without_unit
from dashboard.panels.interactive import factor_colourings
from dashboard.plots import theme

SPRITES = {"data": "sprites", "latent": "10"}


def test_a_number_that_is_the_hue_is_labelled_so():
    levels = factors().test
    rng = np.random.default_rng(0)
    codes = rng.standard_normal((len(levels), 4))
    codes[:, 2] = 5 - 3 * levels[:, factors().names.index("hue")]
    codes[:, 3] = levels[:, factors().names.index("size")] + 0.8 * rng.standard_normal(len(levels))
    words = followed_words(followed(codes, levels), factors().names)
    assert words[:3] == [NO_FACTOR, NO_FACTOR, "hue, 100%"]
    name, share = words[3].split(", ")
    assert name == "size" and FOLLOWS < float(share.rstrip("%")) / 100 < 0.9


def test_an_inactive_number_follows_nothing():
    levels = factors().test
    found = followed(levels[:, 1:3].astype(float), levels, np.array([True, False]))
    assert found == [(1, pytest.approx(1)), (None, 0.0)]


def test_traversals_name_the_factor_of_each_number(shipped):
    data = data_of(shipped("one_image", part="One number at a time", **SPRITES), "traverse")
    pair = cache.trained.pairs()["sprites", 10, 0]
    names = factors().names
    assert {"left", "right"} <= set(data)
    for side, entry in zip(("left", "right"), pair.entries, strict=True):
        shares = explained(cache.trained.gallery(entry.run_id)["mean"].astype(np.float32), factors().test)
        rates = cache.trained.evaluation(entry.run_id)["rate_per_dim"] or [1.0] * len(shares)
        wanted = [
            f"{names[row.argmax()]}, {row.max():.0%}" if row.max() >= FOLLOWS and rate > ACTIVE_NATS else NO_FACTOR
            for row, rate in zip(shares, rates, strict=True)
        ]
        assert data[side]["factor_text"] == wanted
        assert any(words != NO_FACTOR for words in wanted)


def test_maps_are_coloured_by_every_factor_but_the_class():
    levels, labels = factors().test, factors().test[:, 0]
    found = {c.label: c for c in factor_colourings(factors(), labels, 300)}
    assert list(found) == ["hue", "size", "angle", "x", "y"]
    for name, colouring in found.items():
        k = factors().names.index(name)
        assert np.array_equal(colouring.left, levels[:300, k]) and colouring.right is None
        assert colouring.limits() == (0, factors().sizes[k] - 1) and len(colouring.levels) == factors().sizes[k]
    assert found["size"].levels == ["8", "10", "12", "14"] and found["size"].unit == "pixels"
    assert found["hue"].colors == [theme.hue(50 * i) for i in range(6)] and not found["size"].colors


def test_a_factor_that_only_resembles_the_class_is_kept():
    levels = np.array([[0], [1], [1]])
    known = Factors(("hue",), (("0°", "50°"),), levels, levels)
    assert [c.label for c in factor_colourings(known, np.array([0, 1, 0]), 3)] == ["hue"]


def test_pages_of_data_without_known_factors_show_none(shipped):
    traversal = data_of(shipped("one_image", part="One number at a time", latent="16"), "traverse")
    assert traversal["left"]["factor_text"] == traversal["right"]["factor_text"] == []
    maps = data_of(shipped("latent_maps", projection="PCA", latent="16"), "maps")
    assert [c["id"] for c in maps["colourings"] if c["levels"]] == []


def test_the_maps_page_offers_factors(shipped):
    maps = data_of(shipped("latent_maps", projection="PCA", **SPRITES), "maps")
    offered = {c["label"]: c for c in maps["colourings"] if c["levels"]}
    assert list(offered) == ["hue", "size", "angle", "x", "y"]
    assert offered["hue"]["levels"] == ["0°", "50°", "100°", "150°", "200°", "250°"]


def test_a_unit_is_left_out_only_if_all_levels_have_it():
    assert without_unit(["1 mm", "2 mm"]) == (["1", "2"], "mm")
    assert without_unit(["1 mm", "2 cm"]) == (["1 mm", "2 cm"], "")
    assert without_unit(["square", "heart"]) == (["square", "heart"], "")


@pytest.mark.parametrize("degrees", range(0, 360, 30))
def test_hues_can_be_seen_on_light_and_on_dark(degrees):
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in (int(theme.hue(degrees)[i : i + 2], 16) / 255 for i in (1, 3, 5))
    ]
    luminance = float(np.dot([0.2126, 0.7152, 0.0722], linear))
    assert 1.05 / (luminance + 0.05) > 3 and (luminance + 0.05) / 0.056 > 3


def test_the_scene_tells_the_measured_verdict_after_the_guess(shipped):
    app = shipped("walkthrough", scene="factors")
    assert app.title[0].value == "Does β separate the factors?" and not app.error and not app.exception
    before = " ".join(e.value for e in (*app.markdown, *app.caption))
    assert "mutual information gap" not in before and "Rows, from the top" not in before
    app = shipped("walkthrough", scene="factors", reveal="true")
    assert not app.error and not app.exception
    shown = " ".join(e.value for e in (*app.markdown, *app.caption))
    data = cache.trained.pairs()["sprites", 10, 0].data
    scores = cache.measured.scores("sprites", 10, data.digest)
    row = next(row for row in factor_claims.decided(scores) if row.id == "beta-separates")
    large = np.mean([run["factors"]["mig"] for run in scores["vae beta 10"].values()])
    assert f"**{row.verdict}**" in shown and f"{large:.3f} with β = 10" in shown
    assert "Locatello" in shown and shown.count("Rows, from the top") == 2


def test_the_scene_is_left_out_where_its_data_are_not_offered(dashboard):
    app = dashboard("walkthrough", scene="right-beta")
    shown = " ".join(e.value for e in app.caption)
    assert "Walkthrough · 14 of 14" in shown
