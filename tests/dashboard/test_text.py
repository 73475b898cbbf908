"""Verdicts follow the numbers: turn the numbers round, and the sentence turns round."""

from __future__ import annotations

import re

import pytest

from dashboard.content import text


def first_named(sentence: str) -> str:
    """Which model a verdict names first."""
    return re.search(r"\*\*(AE|VAE)\*\*", sentence).group(1)


def test_the_better_reconstruction_wins_whoever_it_is():
    assert first_named(text.compare_mse(0.010, 0.012)) == "AE"
    assert first_named(text.compare_mse(0.012, 0.010)) == "VAE"
    assert "equally" in text.compare_mse(0.0100, 0.0101)
    assert "17% less" in text.compare_mse(0.010, 0.012)


def test_an_ae_has_no_rate():
    assert text.nats(None) == "n/a" and text.nats(0.0) == "0.0"


def test_samples_verdict():
    def figures(fd, coverage=0.5):
        return {"fd": fd, "floor": 0.4, "coverage": coverage}

    better = text.samples_takeaway({"ae": "prior", "vae": "prior"}, figures(225, 0.0), figures(19, 0.54))
    assert (
        "the :blue[**VAE**]'s samples are closer" in better
        and "0% for the :orange[**AE**]" in better
        and "54% for the :blue[**VAE**]" in better
    )
    turned = text.samples_takeaway({"ae": "mixture", "vae": "mixture"}, figures(4.5, 0.91), figures(5.9, 0.91))
    assert "the :orange[**AE**]'s samples are closer" in turned and "0.4 for real images" in turned
    assert "equally close" in text.samples_takeaway({"ae": "mixture", "vae": "mixture"}, figures(5.0), figures(5.2))
    assert "neither" in text.samples_takeaway({"ae": "prior", "vae": "prior"}, figures(225), figures(140))
    fair = text.samples_takeaway({"ae": "mixture", "vae": "prior"}, figures(4.5), figures(19))
    assert "mixture fitted to each model's codes for the :orange[**AE**] and N(0, I) for the :blue[**VAE**]" in fair


def test_maps_verdict():
    assert "equally well" in text.maps_takeaway(0.90, 0.905, 3.9, 0.9, 10)
    assert "VAE**]'s space separates the classes better" in text.maps_takeaway(0.80, 0.90, 1, 1, 10)
    assert "hardly any class structure" in text.maps_takeaway(0.12, 0.90, 1, 1, 10)
    assert "AE**]'s codes lie 2.0 times closer" in text.maps_takeaway(0.9, 0.9, 0.5, 1.0, 10)
    assert "equally widely" in text.maps_takeaway(0.9, 0.9, 1.0, 1.05, 10)


def test_what_cannot_be_measured_about_maps_is_said_with_its_reason():
    said = text.maps_takeaway(None, None, 0.5, 1.0, 10, "there are 7.")
    assert "cannot be measured: there are 7." in said and "nearest" not in said and "2.0 times closer" in said
    assert "below 0.005 in both" in text.spread_takeaway(
        0.0, 0.001
    ) and "AE**]'s codes hardly vary" in text.spread_takeaway(1e-9, 0.8)
    assert (
        text.not_measured({"a": "there are 7.", "b": "there are 7.", "c": "all are alike."})
        == "Not measured: a, b, because there are 7. Not measured: c, because all are alike."
    )
    assert text.not_measured({}) == ""


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
    from dashboard.cache import MapView

    caption = text.map_caption(
        MapView(
            **{"points": None, "knn_accuracy": 0.9, "trustworthiness": 0.95, "disparity": None, "spread": 1.0, **view}
        ),
        flat,
    )
    assert all(part in caption for part in said) and ("trustworthiness" in caption) != flat and "nan" not in caption


def test_path_verdict():
    assert "VAE**] is closest" in text.path_takeaway({"ae": 6, "vae": 5, "pixels": 8})
    assert "AE**] is closest" in text.path_takeaway({"ae": 5, "vae": 6, "pixels": 8})
    assert "cross-fade is as close" in text.path_takeaway({"ae": 5, "vae": 6, "pixels": 5.1})
    assert "about equally" in text.path_takeaway({"ae": 5, "vae": 5.1, "pixels": 8})


def test_weight_verdict():
    runs = {
        b: {"distortion": d, "rate": r, "neg_elbo": d + r, "active_units": u}
        for b, d, r, u in ((0.25, 75, 37, 16), (1.0, 85, 21, 14), (10.0, 155, 3, 0))
    }
    assert "2 of 16 latent units are inactive" in text.weight_takeaway(
        1.0, runs, 16
    ) and "β = 1 has the lowest" in text.weight_takeaway(1.0, runs, 16)
    assert "all 16 latent units are active" in text.weight_takeaway(0.25, runs, 16)
    assert "all latent units are inactive" in text.weight_takeaway(10.0, runs, 16)
    between = text.weight_takeaway(3.0, runs, 16)
    assert (
        "No network has been trained for β = 3 yet" in between
        and "β = 1 has a rate" in between
        and "β = 10 has a rate" in between
        and "0.25" not in between
    )
    assert "no other weight has been trained" in text.weight_takeaway(1.0, {1.0: runs[1.0]}, 16)


def test_progress_line():
    from core.jobs.background import JobStatus

    rows = [{"epoch": 7, "epochs": 25}]
    assert (
        text.progress(JobStatus("r", "running", seconds_left=8.2, visitors=3), rows)
        == "Epoch 7 of 25 · about 8 s left · 2 more waiting for it"
    )
    assert text.progress(JobStatus("r", "queued", position=2, seconds_left=30), []).startswith(
        "Waiting, position 2 in the queue · about 30 s"
    )
    assert text.progress(JobStatus("r", "running"), []) == "Starting"


def test_best_weight_for_samples():
    def points(*fds):
        return {b: {"fd": fd, "floor": 0.4} for b, fd in zip((0.1, 1.0, 4.0, 10.0), fds)}

    u = text.quality_takeaway(points(60, 19, 20, 55))
    assert (
        "an intermediate weight" in u
        and "19.0 at β = 1" in u
        and "from β = 1 to 4" in u
        and "60.0 at β = 0.1 and 55.0 at β = 10" in u
    )
    assert "an end of the range" in text.quality_takeaway(
        points(10, 19, 25, 55)
    ) and "an intermediate weight" not in text.quality_takeaway(points(10, 19, 25, 55))
    few = text.quality_takeaway({1.0: {"fd": 20, "floor": 0.4}})
    assert "Train more" in few and "20.0 at β = 1" in few and "0.4" in few


def test_the_mistake_is_called_a_collapse_only_where_no_unit_is_active():
    right = {"active_units": 14, "rate": 22.1, "mse": 0.0115}
    told = text.mistake_takeaway(1.0, 784.0, {"active_units": 0, "rate": 0.0, "mse": 0.068}, right, 16)
    assert "acts as β = 784" in told and "collapses" in told
    assert "collapses" not in text.mistake_takeaway(
        0.001, 0.784, {"active_units": 14, "rate": 22.0, "mse": 0.0115}, right, 16
    )


def test_training_verdict_follows_the_curves():
    ae = [{"distortion": d} for d in (500, 200, 90, 80)]
    rising, falling = (
        [{"distortion": d, "rate": r} for d, r in zip((500, 400, 200, 90), rates)]
        for rates in ((0, 5, 15, 22), (0, 30, 24, 22))
    )
    assert "after 1 of 3 epochs, the" in text.training_takeaway(
        ae, rising
    ) and "after 2 of 3." in text.training_takeaway(ae, rising)
    assert "Both models reach half of this reduction after 2 of 3 epochs" in text.training_takeaway(rising, rising)
    assert "rises from 0.0 to 22.0" in text.training_takeaway(ae, rising)
    assert "rises to 30.0 nats in epoch 1 and settles at 22.0" in text.training_takeaway(ae, falling)


def test_where_the_story_of_small_steps_holds_is_read_off_the_seeds():
    rates = {
        2: {"ae": {0.1: [0.2, 0.22]}, "vae": {0.1: [0.1, 0.14]}},
        8: {"ae": {0.1: [0.05, 0.10]}, "vae": {0.1: [0.07, 0.08]}},
        16: {"ae": {0.1: [0.01, 0.02], 0.5: [0.3]}, "vae": {0.1: [0.03, 0.04]}},
    }
    said = text.steps_takeaway(rates, 250)
    parts = said.split(";")
    assert "size 2** the story holds" in parts[0] and "21.0%" in parts[0] and "12.0%" in parts[0]
    assert (
        "size 8** no difference exceeds the margin in all seeds" in parts[1]
        and "size 16** the opposite holds" in parts[2]
    )
    assert "Around 250 unseen images and over 2 seeds" in said
    table = text.steps_table(rates).splitlines()
    assert len(table) == 2 + 6 and "30.0% |" in table[6] and "n/a" in table[7]
    assert text.steps_takeaway({}, 250) == ""


def test_what_a_map_waits_for():
    from core.jobs.background import JobStatus
    from core.latent.compiled_code import Progress

    running = JobStatus("x", "running")
    assert "position 2" in text.laying_out(JobStatus("x", "queued", position=2), False, Progress(0.4, 3.2))
    assert "compiled once for this processor" in text.laying_out(running, False, None)
    assert "40% done, about 3 s left" in text.laying_out(running, False, Progress(0.4, 3.2))
    assert "compiled" not in text.laying_out(running, True, None)
