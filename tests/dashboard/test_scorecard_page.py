"""The scorecard's page, its cards and its sentences: what they say follows from the figures, whatever these are."""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from driving import words

from core.metrics import scorecard
from core.metrics.claims import CLAIMS
from core.metrics.verdicts import DEPENDS, DOES_NOT, HOLDS, UNKNOWN, Case, Claim, Measure, decide
from dashboard import cache
from dashboard.content.samples import rescue_meaning, rescue_takeaway
from dashboard.content.scorecard import scorecard_takeaway
from dashboard.plots import charts, verdict_cards

ROOT = Path(__file__).parents[2]
SHARPER = Claim(
    "sharper",
    "An AE is sharper.",
    "Squared error",
    "start",
    (Case("in error", Measure("ae", "mse", "AE"), "<", Measure("vae", "mse", "VAE"), digits=1),),
)


def row(ae: list[float], vae: list[float]):
    return decide(
        SHARPER, {"ae": {i: {"mse": v} for i, v in enumerate(ae)}, "vae": {i: {"mse": v} for i, v in enumerate(vae)}}
    )


def bodies(app) -> list[str]:
    return [e.proto.body for e in app.get("html")]


def cards(app) -> list[str]:
    return [body for body in bodies(app) if 'class="cases"' in body]


def test_a_card_says_what_the_figures_say():
    holds, fails, mixed = row([1, 1.2], [2, 2.2]), row([3, 3.2], [2, 2.2]), row([1, 3], [2, 2])
    assert [
        re.search('aria-label="([^"]+)', verdict_cards.card(r, "here")).group(1) for r in (holds, fails, mixed)
    ] == ["holds", "does not hold", "depends"]
    assert "holds in 1 of 2 runs" in verdict_cards.card(mixed, "here")
    card = verdict_cards.card(holds, "<here>")
    assert card.count('<i style="left:') == 4, "one dot per run"
    assert "AE 1.1 ± 0.1" in card and "VAE 2.1 ± 0.1" in card and "in 2 of 2 runs" in card
    assert "&lt;here&gt;" in card and "<here>" not in card


def test_dots_lie_where_their_figures_are():
    card = verdict_cards.card(row([1, 2], [3, 5]), "here")
    at = [float(x) for x in re.findall(r'<i style="left:([\d.]+)%', card)]
    steps = [b - a for a, b in itertools.pairwise(at)]
    assert at == sorted(at) and steps == pytest.approx([steps[0], steps[0], 2 * steps[0]], abs=0.2)


def test_equal_figures_look_equal():
    low, high = verdict_cards.span([0.9999, 1.0])
    assert high - low > 0.03
    low, high = verdict_cards.span([0.0, 0.0])
    assert low < 0 < high


def test_a_card_without_figures_says_so():
    card = verdict_cards.card(row([], []), "here")
    assert "not measured" in card and "<i " not in card


def test_every_setting_has_its_verdict_under_its_name():
    line = {"rows": {"a, d = 2": row([1], [2]), "b, d = 16": row([3], [2]), "c, d = 16": row([], [])}}
    assert re.findall('aria-label="([^"]+)', verdict_cards.marks(line)) == ["holds", "does not hold", "not measured"]
    heads = verdict_cards.heads("Depend (1)", list(line["rows"]), "b, d = 16")
    assert (
        heads.index(">a") < heads.index(">b") < heads.index(">c") and "<strong>b" in heads and "<strong>a" not in heads
    )
    assert verdict_cards.share(line) == 0.5 and verdict_cards.share({"rows": {"c": row([], [])}}) == 0


def test_the_sentences_stand_in_groups_from_holding_to_not(shipped):
    app = shipped("scorecard", latent="16")
    verdicts = {line["sentence"]: line["verdict"] for line in scorecard.overview(cache.trained.store())}
    order = [HOLDS, DEPENDS, DOES_NOT]
    shown = [verdicts[e.label] for e in app.expander if e.label in verdicts]
    assert len(shown) == len(CLAIMS) and shown == sorted(shown, key=order.index)
    titles = re.findall(r"<h2>([\w ]+) \((\d+)\)", " ".join(bodies(app)))
    assert [(int(n)) for _, n in titles] == [shown.count(v) for v in order if v in shown]


def test_a_card_says_why_a_figure_is_not_there():
    people = {kind: {0: {"mse": {"not_measured": "there are 7 test images."}}} for kind in ("ae", "vae")}
    claim = Claim(
        "s",
        "S.",
        "m",
        "start",
        (Case("in error", Measure("ae", "mse/all", "AE"), "<", Measure("vae", "mse/all", "VAE")),),
    )
    assert "not measured here, because there are 7 test images<" in verdict_cards.card(
        decide(claim, people), "tiny, d = 2"
    )


def test_the_lead_counts_the_verdicts():
    lead = scorecard_takeaway([HOLDS, HOLDS, DOES_NOT, DEPENDS, DEPENDS, DEPENDS, UNKNOWN], 12)
    assert (
        "**7** common claims" in lead
        and "**2** hold" in lead
        and "**1** does not" in lead
        and "**3** depend on" in lead
        and "1 could not" in lead
        and "12 trained" in lead
    )
    assert "Nothing has been measured" in scorecard_takeaway([UNKNOWN], 0)


def test_the_rescue_follows_the_figures():
    def fd(mixture: float, own: float) -> dict:
        return {
            ("ae", "prior"): [200.0],
            ("ae", "gaussian"): [10.0],
            ("ae", "mixture"): [mixture],
            ("vae", "prior"): [18.0],
            ("vae", "mixture"): [own],
        }

    assert "closer than" in rescue_takeaway(fd(4, 6), 0.4) and "and than the" in rescue_takeaway(fd(4, 6), 0.4)
    assert "though not than" in rescue_takeaway(fd(8, 6), 0.4)
    assert "farther than" in rescue_takeaway(fd(30, 6), 0.4) and "neither closer nor farther" in rescue_takeaway(
        fd(18.2, 6), 0.4
    )
    assert "*is* a generative model" in rescue_meaning(fd(4, 6)) and "stays ahead" in rescue_meaning(fd(30, 6))
    figure = charts.rescue({**fd(4, 6), ("vae", "gaussian"): [12.0, 13.0]}, 0.4)
    assert sorted(v for trace in figure.data if trace.mode == "markers" for v in trace.y) == [4, 6, 10, 12, 13, 18, 200]


def test_page_shows_every_claim_with_the_committed_figures(shipped):
    app = shipped("scorecard", latent="16")
    assert not app.error and not app.warning and not app.exception
    assert len(cards(app)) == len(CLAIMS)
    rows = scorecard.scorecard(cache.trained.store(), "mnist-5k", 16)
    first = rows[0].cases[0]
    assert f"AE {first.left.mean:.4f} ± {first.left.spread:.4f}" in cards(app)[0]
    verdicts = [line["verdict"] for line in scorecard.overview(cache.trained.store())]
    assert f"**{verdicts.count(HOLDS)}** hold" in words(app) and f"**{verdicts.count(DEPENDS)}** depend" in words(app)
    assert UNKNOWN not in [r.verdict for r in rows], "the default setting is measured whole"
    other = shipped("scorecard", latent="2")
    assert cards(other)[0] != cards(app)[0]


def test_every_card_leads_to_a_page_that_exists(shipped):
    shipped("scorecard", latent="16")
    for claim in CLAIMS:
        assert (ROOT / "dashboard" / "views" / f"{claim.page}.py").exists()


def test_what_nobody_measured_is_said_and_how_to(dashboard):
    app = dashboard("scorecard")
    assert "Nothing has been measured for tiny" in app.info[0].value and "evaluate --all" in app.info[0].value
    assert not cards(app) and not app.error


def test_page_needs_no_torch(tmp_path):
    code = """
import json, sys
from streamlit.testing.v1 import AppTest
app = AppTest.from_file(sys.argv[1], default_timeout=60).run()
app.switch_page("views/scorecard.py").run()
heavy = [m for m in ("torch", "sklearn", "scipy", "umap") if m in sys.modules]
print(json.dumps([app.title[0].value, heavy, [e.value for e in app.error]]))
"""
    environment = {**os.environ, "POINT_OR_CLOUD_CACHE": str(tmp_path), "POINT_OR_CLOUD_WARM": "off"}
    done = subprocess.run(
        [sys.executable, "-c", code, str(ROOT / "dashboard" / "app.py")],
        capture_output=True,
        text=True,
        env=environment,
        timeout=120,
    )
    assert json.loads(done.stdout.splitlines()[-1]) == ["Scorecard", [], []], done.stderr[-1000:]
