"""The walkthrough: its file of scenes, and every scene drawn, asked and revealed on really trained models."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

import pytest
from driving import BETAS, words

from core.metrics import records
from dashboard.components import assets
from dashboard.panels import pictures
from dashboard.walkthrough import scenes
from dashboard.walkthrough.scenes import SceneError

MINIMAL = """
[[scene]]
id = "one"
title = "One"
sentence = "There are {number} numbers."
picture = "counted"
options = { most = 3 }
question = "How many?"
choices = { few = "few", many = "many" }
answer = "{how}"
reveal = "It is {number}."
page = "start"
"""


def counted(_stage, most: int, names: list[str] = ()) -> dict:  # noqa: ARG001 - an option that a scene may set
    return {"number": most, "how": "few" if most < 5 else "many"}


def parsed(change=lambda text: text) -> scenes.Scene:
    return scenes.parse(change(MINIMAL), {"counted": counted}, "mine.toml")[0]


def test_a_scene_is_filled_with_its_pictures_figures():
    scene = parsed()
    facts = counted(None, **scene.options)
    assert scene.fill("sentence", facts) == "There are 3 numbers."
    assert scene.solution(facts) == "few" and scene.solution({"number": 9, "how": "many"}) == "many"
    with pytest.raises(SceneError, match="'few-ish' is not one of its choices few, many"):
        scene.solution({"how": "few-ish"})
    with pytest.raises(SceneError, match=r"no value 'number'.*returns how"):
        scene.fill("sentence", {"how": "few"})


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("[[scene]]", "[[scene", "not valid TOML"),
        ("[[scene]]", "[scene]", "1 to 60 tables"),
        ('title = "One"', "", r"mine.toml, scene 1 \(one\) has no title"),
        ('title = "One"', "title = 1", "title is 1; it must be a str"),
        ('title = "One"', 'title = "One"\ncolour = "red"', "'colour' is not known; choose from"),
        ('id = "one"', 'id = "One scene"', "goes into links"),
        ('"counted"', '"painted"', "no picture 'painted'; choose one of counted"),
        ("most = 3", "least = 3", "options of counted: 'least' is not known; choose from most, names"),
        ("most = 3", 'most = "three"', "most is 'three'; it must be a int"),
        ("most = 3", "most = true", "it must be a int"),
        ("most = 3", "most = 3, names = [1]", "names is \\[1\\]"),
        ('"start"', '"../../etc"', "no page '../../etc'; choose one of"),
        ('few = "few"', "few = 1", "choices.few is 1; write it as text"),
        ("{number} numbers", "{number.real} numbers", "{number.real} is not the name of a value"),
        ("{number} numbers", "{} numbers", "is not the name of a value"),
        ("{number} numbers", "{number numbers", "unbalanced braces"),
        ('page = "start"', 'page = "start"\nmodels = { latent = "two" }', "latent is 'two'"),
        ("\n[[scene]]", '\n[models]\nname = "x"\n[[scene]]', "'name' is not known; choose from data, latent, seed"),
    ],
)
def test_a_file_that_cannot_be_used_says_what_is_wrong(old, new, told):
    assert old in MINIMAL
    with pytest.raises(SceneError, match=told):
        parsed(lambda text: text.replace(old, new, 1))


def test_two_scenes_cannot_share_a_link():
    with pytest.raises(SceneError, match="two scenes have the id 'one'"):
        parsed(lambda text: text + text)


def test_own_scenes_take_the_place_and_a_missing_file_is_told(dashboard, monkeypatch, tmp_path):
    own = tmp_path / "own.toml"
    own.write_text(
        scenes.SHIPPED.read_text().split("[[scene]]")[0]
        + "[[scene]]"
        + scenes.SHIPPED.read_text().split("[[scene]]")[-1]
    )
    monkeypatch.setenv("POINT_OR_CLOUD_SCENES", str(own))
    app = dashboard("walkthrough")
    assert app.title[0].value == "What is the right β?" and "1 of 1" in words(app)
    monkeypatch.setenv("POINT_OR_CLOUD_SCENES", str(tmp_path / "nowhere.toml"))
    app = dashboard("walkthrough")
    assert "nowhere.toml cannot be read" in app.error[0].value and "POINT_OR_CLOUD_SCENES" in app.error[0].value


SCENES = scenes.read(scenes.SHIPPED, pictures())
# The scene on factors needs data whose factors are known: test_factor_pages.py has its tests.
ANY_DATA = [scene.id for scene in SCENES if not scene.own_data]


def test_the_story_goes_from_the_code_to_the_right_beta():
    assert 10 <= len(SCENES) <= 15
    assert (SCENES[0].title, SCENES[-1].title) == ("What is a code?", "What is the right β?")
    figures = re.compile(r"(?<!\{)\b\d+\.\d+\b")
    for scene in SCENES:
        assert not figures.search(scene.reveal), f"{scene.id}: a figure is written down instead of measured"
        assert len(scene.choices) >= 2 and scene.notes


@pytest.fixture
def small_scenes(monkeypatch, tmp_path, own_store):
    """The shipped scenes on the tests' store: its sizes and weights in place of theirs."""
    text = scenes.SHIPPED.read_text()
    for old, new in (
        ("ae 16", "ae 4"),
        ("vae 16", "vae 4"),
        ("_16", "_4"),
        ("[2, 16]", "[2, 4]"),
        ("latent = 16", "latent = 4"),
        ("latent = 32", "latent = 4"),
        ('"emoji"', '"tiny"'),
        ("reveal = 10.0", "reveal = 4.0"),
        ("1.0, 10.0, 0.1", ", ".join(map(str, BETAS))),
        ('"mnist-5k"', '"tiny"'),
    ):
        text = text.replace(old, new)
    found = scenes.parse(text, pictures())
    (tmp_path / "scenes.toml").write_text(text)
    monkeypatch.setenv("POINT_OR_CLOUD_SCENES", str(tmp_path / "scenes.toml"))
    # No judge is trained here: the runs have been scored before.
    for run in own_store:
        fd, flips = (9.0, 0.2) if run.config.model == "ae" else (4.0, 0.1)
        quality = {"fd": fd, "coverage": 0.5, "density": 0.5}
        samples = {"floor": 0.1, **dict.fromkeys(("prior", "gaussian", "mixture"), quality)}
        scores = {"n": 120, "samples": samples, "smoothness": {"flip_rate": {"0.1": flips}}}
        records.keep(run, {**records.stamp(run), **scores})
    return tuple(scene for scene in found if scene.id in ANY_DATA)  # as the page shows them


@pytest.mark.parametrize("scene", ANY_DATA)
def test_a_scene_asks_before_it_tells(dashboard, small_scenes, scene):
    app = dashboard("walkthrough", scene=scene)
    asked = next(s for s in small_scenes if s.id == scene)
    assert app.title[0].value == asked.title
    assert not app.error and not app.warning and not app.exception
    assert ":material/check_circle:" not in words(app), "the answer is given away"
    assert {b.label for b in app.button} >= set(asked.choices.values())
    key = f"choice-{scene}-{list(asked.choices)[-1]}"
    next(b for b in app.button if b.key == key).click().run()
    assert not app.error and not app.exception
    assert app.query_params["reveal"] == "true" and app.query_params["scene"] == scene
    shown = words(app)
    assert "(your guess)" in shown
    assert (":material/check_circle:" in shown) == bool(asked.answer), (
        "the right choice is marked, where there is one to mark"
    )
    assert "{" not in shown and "nan" not in shown.lower().replace("nats", "")


# What a scene's picture is given, and what that is called on the page where one plays on.
SAME = {
    "one_image": {"image": "index", "step": "step"},
    "interpolation": {"start": "a", "end": "b", "steps": "steps"},
    "kl_weight": {"beta": "beta"},
}


@pytest.mark.parametrize("scene", ANY_DATA)
def test_playing_on_opens_the_page_in_the_scenes_state(dashboard, small_scenes, scene, monkeypatch):
    monkeypatch.setattr(assets, "judge_url", lambda _dataset: "/media/judge")
    shown = next(s for s in small_scenes if s.id == scene)
    link = next(
        e.proto for e in dashboard("walkthrough", scene=scene).get("page_link") if e.proto.label.startswith("Try this")
    )
    query = dict(parse_qsl(link.query_string))
    app = dashboard(shown.page, **query)
    assert not app.error and not app.exception and "The link asks for" not in words(app), "the page takes all of it"
    pair = app.session_state["pair"]
    assert (pair.dataset, pair.latent_dim, pair.seed) == (shown.data, shown.latent, shown.seed), "on the same models"
    for option, name in SAME.get(shown.page, {}).items():
        assert option not in shown.options or float(query[name]) == shown.options[option], option
    if shown.picture == "sampled":
        drawn = dict(words_.split() for words_ in shown.options["models"])
        assert query["source"] == drawn["ae"] and (query.get("vae_prior") == "true") == (drawn["vae"] != drawn["ae"])


@pytest.mark.usefixtures("small_scenes")
@pytest.mark.parametrize(
    ("scene", "name", "values"), [("turn", "beta", ["1", "4"]), ("decode", "view", ["codes", "holes"])]
)
def test_what_the_reveal_changes_is_in_the_link_too(dashboard, scene, name, values):
    links = [
        next(iter(dashboard("walkthrough", scene=scene, reveal=reveal).get("page_link"))).proto.query_string
        for reveal in ("false", "true")
    ]
    assert [dict(parse_qsl(link))[name] for link in links] == values


def test_going_through_keeps_the_link_and_hidden_choices_come_back(dashboard, small_scenes):
    app = dashboard("walkthrough", scene=small_scenes[1].id, present="true")
    assert not app.selectbox, "the scenes say themselves which models they are about"
    next(b for b in app.button if b.key == "walk-next").click().run()
    assert (
        app.query_params["scene"] == small_scenes[2].id
        and app.query_params["present"] == "true"
        and "reveal" not in app.query_params
    )
    next(b for b in app.button if b.key == "walk-back").click().run()
    assert app.title[0].value == small_scenes[1].title


def test_all_scenes_fit_on_one_page_with_their_answers_behind_folds(dashboard, small_scenes):
    app = dashboard("walkthrough", all="true")
    assert not app.error and not app.warning and not app.exception
    assert [h.value for h in app.header] == [f"{i}. {scene.title}" for i, scene in enumerate(small_scenes, 1)]
    folds = [e for e in app.expander if e.label.startswith("Guess first")]
    marked = [any("check_circle" in m.value for m in fold.markdown) for fold in folds]
    assert marked == [bool(scene.answer) for scene in small_scenes]
    assert not any(
        "check_circle" in m.value for m in app.markdown if not any(m in list(fold.markdown) for fold in folds)
    )


@pytest.mark.usefixtures("small_scenes")
def test_which_half_is_nameless_until_the_reveal(dashboard):
    hidden, told = (words(dashboard("walkthrough", scene="prior", reveal=reveal)) for reveal in ("false", "true"))
    assert "**A**" in hidden and "**A** ·" not in hidden and "**A** · :orange[**AE**]" in told


@pytest.mark.usefixtures("small_scenes")
@pytest.mark.parametrize(
    ("key", "value"),
    [("scene", "<script>"), ("scene", "9999"), ("reveal", "perhaps"), ("present", "1e9"), ("autoplay", "nan")],
)
def test_hostile_links_are_told(dashboard, key, value):
    app = dashboard("walkthrough", **{key: value})
    assert not app.error and not app.exception
    assert "The link asks for" in words(app) and "<script>" not in words(app)


def test_where_to_draw_says_what_the_distances_say():
    from dashboard.content.samples import where_to_draw

    assert "wrong distribution" in where_to_draw({"vae_prior": 19.0, "ae_mixture": 4.0})
    assert "the usual story" in where_to_draw({"vae_prior": 19.0, "ae_prior": 225.0})
    assert "wrong distribution" not in where_to_draw({"vae_prior": 4.0, "ae_mixture": 19.0})
    assert "too small" in where_to_draw({"vae_prior": 4.0, "ae_mixture": 4.1})
