"""What a page shows of an error: the message of one that is meant for people, and nothing of any other."""

import pytest
from streamlit.testing.v1 import AppTest

from core.errors import NotMeasurable
from core.latent.neighbours import ProjectionError
from core.runs.run import RunDamaged
from core.training.outcome import TrainingError
from dashboard.walkthrough.scenes import SceneError


def page(module: str, name: str) -> None:
    import importlib

    from dashboard.session import boundary

    with boundary.guard():
        raise getattr(importlib.import_module(module), name)("3 codes make no map; give at least 4.")


def shown(error: type[Exception]) -> str:
    app = AppTest.from_function(page, args=(error.__module__, error.__name__), default_timeout=30).run()
    assert not app.exception
    (message,) = app.error
    return message.value


@pytest.mark.parametrize("error", [NotMeasurable, ProjectionError, RunDamaged, TrainingError, SceneError])
def test_a_message_for_people_is_shown_as_it_is(error):
    assert shown(error) == "3 codes make no map; give at least 4."


def test_anything_else_is_an_apology_without_the_details():
    assert shown(LookupError).startswith("Sorry") and "codes" not in shown(LookupError)
