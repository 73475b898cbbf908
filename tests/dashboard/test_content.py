"""Verdicts follow the numbers: with the numbers exchanged, the sentence names the other model."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pytest

from core.metrics.comparisons import more_precise
from dashboard.content.kl_weight import activity, lowest_neg_elbo, mistake_takeaway, weight_takeaway
from dashboard.content.maps import (
    better_separation,
    laying_out,
    map_caption,
    maps_takeaway,
    spread_takeaway,
    tighter_codes,
)
from dashboard.content.paths import closest_midpoint, path_takeaway
from dashboard.content.reconstruction import compare_mse, likelihood_sentence
from dashboard.content.samples import FROM, BestWeight, best_weight, closer_samples, quality_takeaway, samples_takeaway
from dashboard.content.small_steps import steps_table, steps_takeaway
from dashboard.content.training import RateCourse, progress_line, rate_course, training_takeaway
from dashboard.content.uses import best_denoiser, detection, without_training
from dashboard.content.words import nats, not_measured


def first_named(sentence: str) -> str:
    """Which model a verdict names first."""
    return re.search(r"\*\*(AE|VAE)\*\*", sentence).group(1)


def wordings(sentences: Iterable[str]) -> set[str]:
    """The sentences without their numbers: those of different decisions have to differ in more than these."""
    return {re.sub(r"[\d.,−-]*\d%?", "#", sentence) for sentence in sentences}


def test_the_better_reconstruction_wins_whoever_it_is():
    assert first_named(compare_mse(0.010, 0.012)) == "AE"
    assert first_named(compare_mse(0.012, 0.010)) == "VAE"
    assert len(wordings(compare_mse(0.010, vae) for vae in (0.012, 0.0101, 0.008))) == 3
    assert "17% less" in compare_mse(0.010, 0.012)


def test_an_ae_has_no_rate():
    assert nats(None) == "n/a" and nats(0.0) == "0.0"


def test_samples_verdict():
    def figures(fd, coverage=0.5):
        return {"fd": fd, "floor": 0.4, "coverage": coverage}

    def told(ae, vae, sources=("prior", "prior")):
        return samples_takeaway(dict(zip(("ae", "vae"), sources, strict=True)), ae, vae)

    better = told(figures(225, 0.0), figures(19, 0.54))
    assert all(number in better for number in ("225.0", "19.0", "0.4", "0%", "54%"))
    by_decision = [told(figures(a), figures(b)) for a, b in ((225, 19), (4.5, 5.9), (5.0, 5.2), (225, 140))]
    assert len(wordings(by_decision)) == 4
    assert [first_named(sentence) for sentence in by_decision[:2]] == ["VAE", "AE"]
    fair = told(figures(4.5), figures(19), ("mixture", "prior"))
    assert all(FROM[source] in fair for source in ("mixture", "prior")) and FROM["gaussian"] not in fair


def test_maps_verdict():
    accuracies = ((0.90, 0.905), (0.80, 0.90), (0.90, 0.80), (0.12, 0.90))
    assert len(wordings(maps_takeaway(*pair, 1.0, 1.0, 10) for pair in accuracies)) == 4
    told = [maps_takeaway(0.9, 0.9, *spreads, 10) for spreads in ((0.5, 1.0), (1.0, 0.5), (1.0, 1.05))]
    assert len(wordings(told)) == 3 and "2.0" in told[0] and "2.0" in told[1]


def test_what_cannot_be_measured_about_maps_is_said_with_its_reason():
    said = maps_takeaway(None, None, 0.5, 1.0, 10, "there are 7.")
    assert "cannot be measured: there are 7." in said and "nearest" not in said and "2.0 times closer" in said
    assert len(wordings(spread_takeaway(*pair) for pair in ((0.0, 0.001), (1e-9, 0.8), (0.8, 1e-9), (0.5, 1.0)))) == 4
    assert first_named(spread_takeaway(1e-9, 0.8)) == "AE"
    assert (
        not_measured({"a": "there are 7.", "b": "there are 7.", "c": "all are alike."})
        == "Not measured: a, b, because there are 7. Not measured: c, because all are alike."
    )
    assert not_measured({}) == ""


@pytest.mark.parametrize(
    ("view", "flat", "said"),
    [
        ({}, True, ["90.0%", "15 nearest"]),
        ({}, False, ["90.0%", "trustworthiness of the map: 0.950"]),
        ({"trusted": 9}, False, ["trustworthiness of the map: 0.950", "with 9 nearest"]),
        (
            {"knn_accuracy": None, "trustworthiness": None},
            False,
            ["class structure: not measured", "trustworthiness: not measured"],
        ),
    ],
)
def test_a_maps_caption_says_what_was_measured_and_with_how_many_neighbours(view, flat, said):
    from dashboard.cache.maps import MapView

    caption = map_caption(
        MapView(
            **{"points": None, "knn_accuracy": 0.9, "trustworthiness": 0.95, "disparity": None, "spread": 1.0, **view}
        ),
        flat,
    )
    assert all(part in caption for part in said) and ("trustworthiness" in caption) != flat and "nan" not in caption


def test_path_verdict():
    middles = ({"ae": a, "vae": v, "pixels": p} for a, v, p in ((6, 5, 8), (5, 6, 8), (5, 6, 5.1), (5, 5.1, 8)))
    told = [path_takeaway(middle) for middle in middles]
    assert len(wordings(told)) == 4 and [first_named(sentence) for sentence in told[:2]] == ["VAE", "AE"]


def test_weight_verdict():
    runs = {
        b: {"distortion": d, "rate": r, "neg_elbo": d + r, "active_units": u}
        for b, d, r, u in ((0.25, 75, 37, 16), (1.0, 85, 21, 14), (10.0, 155, 3, 0))
    }
    assert lowest_neg_elbo(runs) == 1.0
    assert [activity(run["active_units"], 16) for run in runs.values()] == ["all", "some", "none"]
    told = [weight_takeaway(beta, runs, 16) for beta in runs]
    assert len(wordings(told)) == 3 and all(f"β = {lowest_neg_elbo(runs):g}" in sentence for sentence in told)
    between = weight_takeaway(3.0, runs, 16)
    assert all(f"β = {beta}" in between for beta in (3, 1, 10)) and "0.25" not in between
    assert len(wordings([weight_takeaway(1.0, runs, 16), weight_takeaway(1.0, {1.0: runs[1.0]}, 16)])) == 2


def test_progress_line():
    from core.jobs.status import JobStatus

    rows = [{"epoch": 7, "epochs": 25}]
    assert (
        progress_line(JobStatus("r", "running", seconds_left=8.2, visitors=3), rows)
        == "Epoch 7 of 25 · about 8 s left · 2 more waiting for it"
    )
    assert progress_line(JobStatus("r", "queued", position=2, seconds_left=30), []).startswith(
        "Waiting, position 2 in the queue · about 30 s"
    )
    assert progress_line(JobStatus("r", "running"), []) == "Starting"


@pytest.mark.parametrize(
    ("distances", "expected"),
    [
        ((60, 19, 20, 55), BestWeight(1.0, at_end=False, as_good=(1.0, 4.0))),
        ((60, 19, 40, 55), BestWeight(1.0, at_end=False, as_good=None)),
        ((60, 19, 40, 19.5), BestWeight(1.0, at_end=False, as_good=None)),
        ((10, 19, 25, 55), BestWeight(0.1, at_end=True, as_good=None)),
        ((10, 10.1, 25, 55), BestWeight(0.1, at_end=True, as_good=(0.1, 1.0))),
    ],
)
def test_best_weight_for_samples(distances, expected):
    fd = dict(zip((0.1, 1.0, 4.0, 10.0), distances, strict=True))
    assert best_weight(fd) == expected
    told = quality_takeaway({b: {"fd": value, "floor": 0.4} for b, value in fd.items()})
    assert f"{min(distances):.1f}" in told and f"β = {expected.beta:g}" in told
    assert ("equally good" in told) == (expected.as_good is not None and not expected.at_end)


def test_of_a_single_weight_no_best_one_is_named():
    told = quality_takeaway({1.0: {"fd": 20, "floor": 0.4}})
    assert "20.0 at β = 1" in told and "0.4" in told and "best at" not in told


def test_the_mistake_is_called_a_collapse_only_where_no_unit_is_active():
    right = {"active_units": 14, "rate": 22.1, "mse": 0.0115}
    told = [
        mistake_takeaway(1.0, 784.0, {"active_units": active, "rate": 0.0, "mse": 0.068}, right, 16)
        for active in (0, 14, 16)
    ]
    assert "β = 784" in told[0] and len(wordings(told)) == 2 == len(wordings(told[:2]))


def test_training_verdict_follows_the_curves():
    ae = [{"distortion": d} for d in (500, 200, 90, 80)]
    rising, falling = (
        [{"distortion": d, "rate": r} for d, r in zip((500, 400, 200, 90), rates, strict=True)]
        for rates in ((0, 5, 15, 22), (0, 30, 24, 22))
    )
    assert "after 1 of 3 epochs, the" in training_takeaway(ae, rising) and "after 2 of 3." in training_takeaway(
        ae, rising
    )
    assert "Both models reach half of this reduction after 2 of 3 epochs" in training_takeaway(rising, rising)
    assert "rises from 0.0 to 22.0" in training_takeaway(ae, rising)
    assert "rises to 30.0 nats in epoch 1 and settles at 22.0" in training_takeaway(ae, falling)


def test_where_the_story_of_small_steps_holds_is_read_off_the_seeds():
    rates = {
        2: {"ae": {0.1: [0.2, 0.22]}, "vae": {0.1: [0.1, 0.14]}},
        8: {"ae": {0.1: [0.05, 0.10]}, "vae": {0.1: [0.07, 0.08]}},
        16: {"ae": {0.1: [0.01, 0.02], 0.5: [0.3]}, "vae": {0.1: [0.03, 0.04]}},
    }
    said = steps_takeaway(rates, 250)
    parts = said.split(";")
    assert "size 2** the claim holds" in parts[0] and "21.0%" in parts[0] and "12.0%" in parts[0]
    assert (
        "size 8** no difference exceeds the margin in all seeds" in parts[1]
        and "size 16** the opposite holds" in parts[2]
    )
    assert "Around 250 unseen images and over 2 seeds" in said
    table = steps_table(rates).splitlines()
    assert len(table) == 2 + 6 and "30.0% |" in table[6] and "n/a" in table[7]
    assert steps_takeaway({}, 250) == ""


def test_what_a_map_waits_for():
    from core.jobs.status import JobStatus
    from core.latent.compilation import Progress

    running = JobStatus("x", "running")
    assert "position 2" in laying_out(JobStatus("x", "queued", position=2), False, Progress(0.4, 3.2))
    assert "compiled once for this processor" in laying_out(running, False, None)
    assert "40% done, about 3 s left" in laying_out(running, False, Progress(0.4, 3.2))
    assert "compiled" not in laying_out(running, True, None)


# Decisions, apart from their wording


def test_the_smaller_error_is_more_precise_unless_both_are_equal():
    pairs = [(0.010, 0.012), (0.012, 0.010), (0.0100, 0.0101)]
    assert [more_precise([ae], [vae]) for ae, vae in pairs] == ["ae", "vae", "neither"]


@pytest.mark.parametrize(
    ("distances", "expected"),
    [((225, 19), "vae"), ((4.5, 5.9), "ae"), ((5.0, 5.2), "neither"), ((225, 140), "none")],
)
def test_samples_have_to_beat_one_average_image_to_be_closer(distances, expected):
    assert closer_samples(*distances) == expected


@pytest.mark.parametrize(
    ("accuracies", "expected"),
    [((0.90, 0.905), "neither"), ((0.80, 0.90), "vae"), ((0.90, 0.80), "ae"), ((0.12, 0.90), "none")],
)
def test_class_structure_counts_only_above_chance_and_beyond_noise(accuracies, expected):
    assert better_separation(*accuracies, classes=10) == expected


@pytest.mark.parametrize(
    ("spreads", "expected"),
    [
        ((0.5, 1.0), ("ae", "times")),
        ((1.0, 1.05), ("ae", "same")),
        ((0.8, 1e-9), ("vae", "one")),
        ((0.0, 0.001), ("ae", "collapsed")),
    ],
)
def test_spread_of_codes(spreads, expected):
    assert tighter_codes(*spreads) == expected


@pytest.mark.parametrize(
    ("middle", "expected"), [((6, 5, 8), "vae"), ((5, 6, 8), "ae"), ((5, 6, 5.1), "pixels"), ((5, 5.1, 8), "both")]
)
def test_a_cross_fade_that_is_as_close_beats_both_latent_spaces(middle, expected):
    assert closest_midpoint(dict(zip(("ae", "vae", "pixels"), middle, strict=True))) == expected


def test_a_rate_that_ends_at_its_maximum_rises():
    assert rate_course([0, 5, 15, 22]).rising and rate_course([0, 5, 23, 22]).rising
    assert rate_course([0, 30, 24, 22]) == RateCourse(False, 30, 1)


@pytest.mark.parametrize(
    ("auroc", "expected"),
    [
        ({"ae": 0.4, "vae": 0.45, "pca": 0.8}, "reversed"),
        ({"ae": 0.6, "vae": 0.65, "pca": 0.5}, "chance"),
        ({"ae": 0.95, "vae": 0.955, "pca": 0.6}, "level"),
        ({"ae": 0.95, "vae": 0.8, "pca": 0.6}, "best"),
    ],
)
def test_anomaly_detection(auroc, expected):
    assert detection(auroc) == expected


def test_denoising_without_having_been_trained_to():
    assert [without_training(p, noisy=14.0, simple=18.0) for p in (13.0, 16.0, 19.0)] == ["harms", "worse", "no worse"]
    assert best_denoiser({"input": 40, "ae": 20, "vae": 19, "median": 18, "pca": 17}) == "ae"


def test_the_distortion_is_explained_by_its_own_likelihood():
    ink = likelihood_sentence("bernoulli", 45.68)
    fixed, learned = likelihood_sentence("gaussian", -1083.2), likelihood_sentence("calibrated", -2345.6, 0.128)
    assert "45.7" in ink and "Gaussian" not in ink
    assert "−1083" in fixed and "σ" not in fixed
    assert "−2346" in learned and "0.128" in learned and "cross-entropy" not in learned
    assert nats(-0.04, 2) == "−0.04" and nats(None) == "n/a"
