"""One question, one answer: whichever page is asked about a pair of models, no other page says the opposite."""

from __future__ import annotations

import re

import pytest
from driving import components, data_of, words

from core.data.dataset import DataKey
from core.metrics.verdicts import DOES_NOT, HOLDS
from dashboard import cache
from dashboard.content.small_steps import CHANGES, CLAIM
from dashboard.content.words import AE, VAE

CHOICES = {"the AE's": "ae", "the VAE's": "vae", "no difference": "neither"}


def of_scorecard(latent_dim: int) -> set[str]:
    """What the scorecard's claim that AE codes lead to other classes allows as answers."""
    row = next(row for row in cache.measured.verdicts("mnist-5k", latent_dim) if row.id == "nearby")
    return {HOLDS: {"ae"}, DOES_NOT: {"vae", "neither"}}.get(row.verdict, {"neither"})


@pytest.mark.parametrize("latent", ["2", "16"])
def test_every_page_says_the_same_about_small_steps(shipped, latent):
    d = int(latent)
    app = shipped("one_image", latent=latent, part="Small steps", step="0.1")
    below = re.search(rf"at \*\*latent size {d}\*\* ({'|'.join(CLAIM.values())})", words(app))[1]
    answers = {"below the boards": next(kind for kind, said in CLAIM.items() if said == below)}
    boards = next(data for _, data in components(app) if "conclusions" in data)
    said = re.search(rf"with {d} latent numbers ({'|'.join(CHANGES.values())})", boards["conclusions"]["0.1"])[1]
    answers["on the boards"] = next(kind for kind, words_ in CHANGES.items() if words_ == said)
    scene = shipped("walkthrough", scene="small-steps", reveal="true")
    if d == 16:  # what the scene asks about
        marked = next(m.value for m in scene.markdown if "check_circle" in m.value)
        answers["in the walkthrough"] = CHOICES[re.search(r"\*\*(.+?)\*\*", marked)[1]]
    board = next(data for _, data in components(scene) if "conclusions" in data)
    assert said in board["conclusions"]["0.1"]
    assert len(set(answers.values())) == 1, answers
    assert set(answers.values()) <= of_scorecard(d), (answers, of_scorecard(d))


@pytest.mark.parametrize(
    ("query", "scene", "case"),
    [
        ({"source": "mixture", "vae_prior": "True"}, "mixture", ("ae-generates", 0)),
        ({"source": "prior"}, "prior", None),
    ],
)
def test_every_page_says_the_same_about_whose_samples_are_nearer(shipped, query, scene, case):
    names = {AE: "ae", VAE: "vae"}
    data = data_of(shipped("samples", latent="16", **query), "sampler")
    drawn = {"left": query["source"], "right": "prior" if "vae_prior" in query else query["source"], "temperature": 1.0}
    (lead,) = [verdict["text"] for verdict in data["verdicts"] if drawn.items() <= verdict.items()]
    told = re.search(r"the (\S+)'s samples are closer", lead)
    answers = {"samples": names[told[1]] if told else "neither"}
    told = words(shipped("walkthrough", scene=scene, reveal="true"))
    if scene == "mixture":
        answers["walkthrough"] = (
            "neither"
            if "no difference" in told
            else names[re.search(rf"[AB], the ({re.escape(AE)}|{re.escape(VAE)}): its Fréchet", told)[1]]
        )
        rescue = words(shipped("scorecard", latent="16"))
        answers["scorecard, in words"] = (
            "ae" if "That is closer than" in rescue else "vae" if "That is farther than" in rescue else "neither"
        )
        row = next(row for row in cache.measured.verdicts("mnist-5k", 16) if row.id == case[0])
        answers["scorecard, as verdict"] = {HOLDS: "ae"}.get(row.cases[case[1]].verdict, answers["scorecard, in words"])
    else:
        answers["walkthrough"] = (
            "vae" if f"the {VAE} generates" in told else "neither" if "no difference" in told else "ae"
        )
    assert len(set(answers.values())) == 1, answers


MODEL = {AE: "ae", VAE: "vae"}
NUMBER = r"(-?\d+(?:\.\d+)?)"
NAME = f"({re.escape(AE)}|{re.escape(VAE)})"


def found(pattern: str, text: str, what=str, no: str = "neither"):
    """What a page says, by the first group of a pattern; `no` if it does not say so."""
    match = re.search(pattern, text)
    return what(match[1]) if match else no


def decided(claim: str, latent: str, kind: str) -> str:
    """The scorecard's verdict on a claim's first case, as an answer: the model it favours, or "not" that model."""
    row = next(row for row in cache.measured.verdicts("mnist-5k", int(latent)) if row.id == claim)
    return kind if row.cases[0].verdict == HOLDS else f"not the {kind}"


def told_by_all_pages(shipped, latent: str) -> dict[str, dict[str, object]]:
    """Question -> page -> answer, each read from the page as it is shown to one visitor looking at one pair."""

    def page(name: str, **query: str) -> str:
        return words(shipped(name, latent=latent, seed="0", **query))

    def scene(name: str) -> str:
        return words(shipped("walkthrough", scene=name, reveal="true"))

    app = shipped("start", latent=latent, seed="0")
    start, metrics = words(app), [(m.label, m.value) for m in app.metric]
    rate = next(value for label, value in reversed(metrics) if label == "Rate R")
    row = next(r for r in re.findall(rf"\| VAE \| `mnist-5k` \| {latent} \| 0 .*", start))
    rate_in_table, active_in_table = (row.split("|")[column].strip() for column in (6, 9))
    training, weight, maps = page("training"), page("kl_weight", beta="1"), page("latent_maps")
    active = rf"(all {latent}|\d+ of {latent}|all) latent units are (active|inactive)"
    amount, state = re.search(active, weight).groups()
    said = {"all": 0 if state == "inactive" else int(latent)}.get(amount.split()[0])
    of_weight = said if said is not None else int(latent) - int(amount.split()[0])
    answers: dict[str, dict[str, object]] = {
        "which model reconstructs more precisely": {
            "start": found(rf"the {NAME} reconstructs more precisely", start, MODEL.get),
            "scorecard": decided("sharper", latent, "ae"),
        },
        "the VAE's rate": {
            "start": rate,
            "start, in the sentence": found(rf"a rate of {NUMBER} nats", start),
            "start, in the table": rate_in_table,
            "training": found(rf"rate (?:rises|falls) .*?to {NUMBER} nats", training),
            "KL weight": found(rf"has a rate of {NUMBER} nats", weight),
        },
        "the VAE's distortion": {
            "start": [value for label, value in metrics if label == "Distortion D"][1],
            "training": found(rf"and {NUMBER} nats in the {re.escape(VAE)}", training),
            "KL weight": found(rf"a distortion of {NUMBER} nats", weight),
        },
        "how many latent units are active": {"start": int(active_in_table), "KL weight": of_weight},
        "whose codes lie closer together": {
            "latent maps": found(rf"The {NAME}'s codes lie", maps, MODEL.get),
        },
        "whose space separates the classes better": {
            "latent maps": found(rf"The {NAME}'s space separates", maps, MODEL.get),
            "scorecard": decided("organised", latent, "vae"),
        },
    }
    if latent == "16":  # the pair that most scenes are about
        price, turn, best, copies = scene("price"), scene("turn"), scene("right-beta"), scene("copies")
        answers["which model reconstructs more precisely"]["walkthrough"] = found(
            rf"the {NAME} reconstructs more precisely", copies, MODEL.get
        )
        answers["the VAE's rate"] |= {
            "walkthrough, the cost": found(rf"{NUMBER} nats for the code", price),
            "walkthrough, the knob": found(rf"the rate falls from {NUMBER}", turn),
        }
        answers["the VAE's distortion"]["walkthrough"] = found(rf"{NUMBER} nats for the reconstruction", price)
        answers["how many latent units are active"] |= {
            "walkthrough, the cost": found(r"(\d+) of 16\. A latent unit", price, int),
            "walkthrough, the knob": found(r"At β = 1, (\d+) of 16", turn, int),
        }
        answers["which weight has the lowest -ELBO"] = {
            "KL weight": found(rf"β = {NUMBER} has the lowest −ELBO", weight),
            "walkthrough": found(rf"β = {NUMBER} has the lowest −ELBO", best),
        }
        answers["which weight makes the best samples"] = {
            "KL weight": found(rf"Fréchet distance is [\d.]+ at β = {NUMBER}", weight),
            "walkthrough": found(rf"β = {NUMBER} the best samples", best),
        }
    else:
        answers["whose codes lie closer together"]["walkthrough"] = found(
            rf"(?:only the) {NAME} is penalised", scene("which-half"), MODEL.get
        )
    return answers


def agree(answers: dict[str, object]) -> bool:
    """Whether no answer contradicts another; "not the vae" leaves room for the AE and for neither."""
    values = set(answers.values())
    excluded = {v.removeprefix("not the ") for v in values if str(v).startswith("not the ")}
    stated = {v for v in values if not str(v).startswith("not the ")}
    return len(stated) <= 1 and not stated & excluded


@pytest.mark.parametrize("latent", ["2", "16"])
def test_no_two_pages_contradict_each_other_about_one_pair(shipped, latent):
    told = told_by_all_pages(shipped, latent)
    assert len(told) >= 6
    for question, answers in told.items():
        assert "neither" not in answers.values() or question.startswith("whose space"), (question, answers)
        assert agree(answers), (question, answers)


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({"a": "ae", "b": "ae", "c": "not the vae"}, True),
        ({"a": "ae", "b": "vae"}, False),
        ({"a": "vae", "b": "not the vae"}, False),
        ({"a": "22.1", "b": "22.0"}, False),
    ],
)
def test_a_contradiction_is_noticed(answers, expected):
    assert agree(answers) is expected


def test_start_is_never_the_mirror_image_of_one_image(dashboard, sent):
    """Both pages, and the recording of the training, draw the codes of one model in one plane."""
    import numpy as np

    from dashboard.components.scrubber import placed
    from dashboard.panels.encoding import plane

    dashboard("one_image", latent="4")
    (codes,) = [arrays for arrays in sent if "left_basis" in arrays]
    pair = cache.trained.pairs()["tiny", 4, 0]
    for side, entry in (("left", pair.ae), ("right", pair.vae)):
        gallery = cache.trained.gallery(entry.run_id)
        on_start, width = plane(gallery["mean"], gallery["stddev"].astype(float))
        np.testing.assert_allclose(on_start, codes[f"{side}_xy"], atol=1e-4)
        np.testing.assert_allclose(placed(gallery["mean"][None])[0][0], on_start, atol=1e-4)
        assert width.shape == on_start.shape and (width >= 0).all()


def test_classes_beyond_a_byte_reach_every_component(dashboard, sent, monkeypatch):
    """A data set of 400 classes: the labels that are sent to the browser are the images' own."""
    import dataclasses

    import numpy as np

    data = cache.trained.dataset(DataKey("tiny"))
    labels = 250 + np.arange(len(data.test_labels))
    many = dataclasses.replace(data, classes=tuple(f"class {i}" for i in range(400)), test_labels=labels)
    monkeypatch.setattr(cache.trained, "dataset", lambda _name: many)
    for page, query in (
        ("latent_maps", {}),
        ("one_image", {"part": "Decode as you move"}),
        ("training", {}),
        ("kl_weight", {}),
    ):
        sent.clear()
        app = dashboard(page, latent="2", **query)
        assert not app.error and not app.exception, page
        found = [arrays["labels"] for arrays in sent if "labels" in arrays]
        assert found, page
        for array in found:
            assert array.astype(int).tolist() == labels[: len(array)].tolist(), page
