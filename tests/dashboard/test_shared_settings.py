"""Settings that a page shares with a component: what a link and a message may set, and which of two wins."""

from __future__ import annotations

import pytest

from dashboard.session.shared_settings import SharedSettings, number, one_of, switch, text, whole

SETTINGS = {
    "source": one_of("Source", ("prior", "mixture")),
    "temperature": number("Temperature", 0, 2, 1.0),
    "noise": whole("Seed", 0, 9999, 0),
    "nearest": switch("Nearest"),
}
DEFAULTS = {"source": "prior", "temperature": 1.0, "noise": 0, "nearest": False}
SHARED = SharedSettings(DEFAULTS, sequence=3)


def message(sequence=3, **values):
    return {"values": {**DEFAULTS, **values}, "sequence": sequence}


def test_a_message_sets_everything_and_is_no_command_of_the_page():
    after = SHARED.rested(message(source="mixture", temperature=0.35, noise=7, nearest=True), SETTINGS)
    assert after.values == {"source": "mixture", "temperature": 0.35, "noise": 7, "nearest": True}
    assert after.sequence == SHARED.sequence


@pytest.mark.parametrize(
    "sent",
    [
        None,
        "temperature",
        [],
        {},
        {"values": 1, "sequence": 3},
        {"values": DEFAULTS},
        message(sequence=2),
        message(more=1),
        message(source="<b>"),
        message(source=["prior"]),
        message(temperature=float("nan")),
        message(temperature="1e999"),
        message(temperature=-0.01),
        message(temperature=True),
        message(noise=1.5),
        message(noise=10_000),
        message(noise={}),
        message(nearest="perhaps"),
        {"values": {"source": "mixture"}, "sequence": 3},
    ],
)
def test_an_unusable_or_an_old_message_changes_nothing(sent):
    assert SHARED.rested(sent, SETTINGS) is SHARED


def test_a_link_sets_what_it_names_the_rest_is_the_default_and_the_component_has_to_follow():
    before = SHARED.rested(message(noise=7, nearest=True), SETTINGS)
    after = before.followed({"source": "mixture", "temperature": "nan"}, SETTINGS)
    assert after.values == {**DEFAULTS, "source": "mixture"} and after.sequence == 4


@pytest.mark.parametrize(
    ("value", "written"), [(True, "true"), (0.5, "0.5"), (1.0, "1"), (7, "7"), ("mixture", "mixture")]
)
def test_what_is_written_into_the_url_is_read_again(value, written):
    assert text(value) == written
    read = {bool: SETTINGS["nearest"], float: SETTINGS["temperature"], int: SETTINGS["noise"], str: SETTINGS["source"]}
    assert read[type(value)].read(written) == value
