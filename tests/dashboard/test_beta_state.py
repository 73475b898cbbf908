"""A visitor's KL weight: what a link and the knob may change, in which order. The browser's half: test_lab.py."""

import pytest

from dashboard.session.beta_state import BetaState

UNUSABLE = [None, "", "many", "nan", "inf", True, [], {}, 0, -1, 11, 1e9, "1e400", float("nan")]


def test_the_knob_changes_the_weight_and_a_training_may_start_once():
    rested = BetaState(sequence=3).rested({"beta": 2.5, "sequence": 3})
    assert (rested.value, rested.sequence, rested.released) == (2.5, 3, True), "the page has set nothing"
    decided = rested.decided(started="run")
    assert (decided.value, decided.released, decided.started) == (2.5, False, "run")
    assert decided.decided().started == "run", "what was started last is remembered while nothing else starts"


def test_a_message_that_crossed_a_link_on_the_way_is_dropped():
    knob = {"beta": 4.0, "sequence": 0}
    followed = BetaState().followed("0.5")
    assert (followed.value, followed.sequence) == (0.5, 1)
    assert followed.rested(knob) == followed
    assert BetaState().rested(knob).followed("0.5").value == 0.5, "in the other order the link comes last"


def test_a_link_ends_the_wait_for_a_training_of_the_weight_before():
    assert not BetaState().rested({"beta": 4.0, "sequence": 0}).followed("0.5").released


@pytest.mark.parametrize("value", UNUSABLE)
def test_what_is_no_weight_changes_nothing_as_a_message_and_is_1_as_a_link(value):
    state = BetaState(2.0)
    assert state.rested({"beta": value, "sequence": 0}) == state
    assert state.followed(value).value == 1.0


@pytest.mark.parametrize("message", [None, {}, [], "beta", {"beta": 2.0}, {"beta": 2.0, "sequence": "0"}])
def test_a_message_of_another_form_changes_nothing(message):
    state = BetaState(1.5)
    assert state.rested(message) == state
