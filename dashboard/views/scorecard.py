"""Scorecard: common claims about the two models as measurements over several seeds, with computed verdicts."""

from typing import Any

import streamlit as st

from core.metrics import factor_claims
from core.metrics.scorecard import SEEDS, SETTINGS
from core.metrics.verdicts import DEPENDS, DOES_NOT, HOLDS, UNKNOWN, Population, Row
from dashboard import cache
from dashboard.components.chart import chart, drawn
from dashboard.content.catalog import Pair
from dashboard.content.factors import factors_takeaway, seed_beside_beta
from dashboard.content.folders import what_is_measured
from dashboard.content.samples import rescue_meaning, rescue_takeaway
from dashboard.content.scorecard import scorecard_takeaway
from dashboard.content.words import AE, VAE, as_code, displayed
from dashboard.plots import charts, images, tiles, verdict_cards
from dashboard.session import state

pair: Pair = state.get("pair")
dark = state.dark()
SOURCES = {"prior": "Prior N(0, I)", "gaussian": "Fitted Gaussian", "mixture": "Fitted mixture"}
SHOWN = 9  # samples per source
GROUPS = {HOLDS: "Hold in every case", DEPENDS: "Depend", DOES_NOT: "Do not hold", UNKNOWN: "Not measured"}
PAGES = {
    "start": "Start",
    "latent_maps": "Latent maps",
    "samples": "Random samples",
    "interpolation": "Interpolation",
    "kl_weight": "KL weight",
    "uses": "Uses",
}


def models(scores: Population) -> int:
    """How many trained models a population of scores is from; "vae beta 1" is another role of the VAE."""
    return sum(len(runs) for role, runs in scores.items() if role != "vae beta 1")


def sentences(lines: list[dict[str, Any]]) -> None:
    """Draw the claims, grouped by verdict, each as an expander."""
    where = f"{pair.dataset}, d = {pair.latent_dim}"
    rows = (
        {row.id: row for row in cache.measured.verdicts(pair.dataset, pair.latent_dim, pair.data.digest)}
        if models(here)
        else {}
    )
    labels = list(lines[0]["rows"])
    with st.container(key="claims"):
        for verdict, title in GROUPS.items():
            group = sorted(
                (line for line in lines if line["verdict"] == verdict), key=verdict_cards.share, reverse=True
            )
            if group:
                st.html(verdict_cards.heads(f"{title} ({len(group)})", labels, where))
            for line in group:
                sentence(line, rows.get(line["id"]), where)


def sentence(line: dict[str, Any], row: Row | None, where: str) -> None:
    """Draw one claim: its verdicts, and in an expander its measurements for the selected data set and latent size."""
    with st.container(key=f"claim-{line['id']}"):
        st.html(verdict_cards.marks(line))
        with st.expander(line["sentence"]):
            whole = verdict_cards.verdict_line("Overall", line["verdict"], line["condition"])
            st.html(f'<div class="claim">{whole}</div>' + (verdict_cards.card(row, where, dark) if row else ""))
            st.page_link(
                f"views/{line['page']}.py", label=f"See it on {PAGES[line['page']]}", icon=":material/arrow_forward:"
            )


def rescue() -> None:
    """Draw both models' samples from three distributions of codes."""
    by_role = cache.measured.scores(pair.dataset, pair.latent_dim, pair.data.digest)
    measured = {
        m: {seed: r["samples"] for seed, r in by_role.get(m, {}).items() if set(SOURCES) <= set(r.get("samples", {}))}
        for m in ("ae", "vae")
    }
    seeds = sorted(set(measured["ae"]) & set(measured["vae"]))
    if not seeds:
        return
    found = {(m, s): [measured[m][seed][s]["fd"] for seed in seeds] for m in ("ae", "vae") for s in SOURCES}
    floor, real = measured["ae"][seeds[0]]["floor"], by_role["ae"][seeds[0]]["n"]
    st.header("Sampling from a fitted density", anchor=False)
    st.markdown(rescue_takeaway(found, floor))
    left, right = st.columns(2, gap="large", vertical_alignment="center")
    with left:
        chart(
            drawn(charts.rescue, found, floor, dark),
            key="rescue",
            alt="Fréchet distance of samples by where codes are drawn from, for both models.",
        )
    with right:
        pictures = {
            kind: [images.grid(cache.decoded.samples(entry.run_id, source)[:SHOWN], 3) for source in SOURCES]
            for kind, entry in pair.items()
        }
        st.html(tiles.table(list(SOURCES.values()), pictures, f"{SHOWN} samples", dark))
    st.markdown(rescue_meaning(found, cache.measured.gaussians(pair.ae.run_id)))
    n = len(seeds)
    st.caption(
        f"Fréchet distance between 1,000 samples and {real:,} unseen images, in the feature space of a small "
        "classifier trained on the same data (not FID), "
        f"mean of {n} {'seed' if n == 1 else 'seeds'}; the images are from seed {pair.seed}."
    )


def factors() -> None:
    """Draw how far latent dimensions follow single factors, where it is known how the images were made."""
    if not any("factors" in scores for runs in here.values() for scores in runs.values()):
        return
    where = f"{pair.dataset}, d = {pair.latent_dim}"
    rows = factor_claims.decided(here)
    st.header("Do latent dimensions follow single factors?", anchor=False)
    st.markdown(factors_takeaway(rows))
    st.markdown(factor_claims.table(here, where))
    st.markdown(seed_beside_beta(factor_claims.randomness(here, "mig")))
    for row in rows:
        with st.expander(row.sentence):
            st.html(verdict_cards.card(row, where, dark))
    st.caption(
        "MIG: Chen et al. 2018, DCI: Eastwood & Williams 2018, FactorVAE score: Kim & Mnih 2018; 1 is best. Mean ± "
        "standard deviation over seeds. PCA with as many components is the linear control."
    )


lines = cache.measured.scorecards()
here = cache.measured.scores(pair.dataset, pair.latent_dim, pair.data.digest)
st.title("Scorecard", anchor=False)
st.markdown(
    scorecard_takeaway(
        [line["verdict"] for line in lines], sum(models(cache.measured.scores(*setting)) for setting in SETTINGS)
    )
)
if not models(here):
    st.info(
        f"Nothing has been measured for {displayed(pair.dataset)} at latent size {pair.latent_dim}. "
        f"{what_is_measured(pair, SEEDS)}",
        icon=":material/straighten:",
    )
st.html(
    f'{verdict_cards.STYLE}<p style="font-size:.875rem;margin:0">{verdict_cards.legend()}. Open a claim for '
    "details.</p>"
)
sentences(lines)
if models(here):
    factors()
    rescue()
    st.caption(
        f"Measured on unseen test images of {as_code(pair.dataset)} (at most 1,000) · latent size "
        f"{pair.latent_dim} · {models(here)} trained models, AE and VAE of seeds "
        f"{', '.join(str(seed) for seed in sorted(here.get('ae', {})))} · `python -m core evaluate --all` measures "
        "new runs, `--check` repeats the measurements and compares."
    )

with st.expander("Explanation: how verdicts are computed", icon=":material/help:"):
    st.markdown(
        f"""
- **In an opened claim**, each dot is a trained model; values are mean ± standard deviation over seeds. Select
  another data set or latent size in the sidebar.
- **Each claim is tested by comparing** two measured values, e.g. the squared error of the {AE} and of the {VAE}.
  Differences below a margin count as none. A claim that can be understood in several ways has several comparisons.
- **Runs are compared seed by seed**: the {AE} and the {VAE} of one seed differ only in the posterior and its rate.
  *Holds* means in every seed, *does not hold* in none; otherwise the verdict is *depends*, with the condition stated.
- **Claims that fail do not show a defect of the models.** Some hold at latent size 2, which most figures of latent
  spaces show, but not at 16; some confuse the sampling distribution with what the decoder can generate.
- **Limitations**: {len(SETTINGS)} combinations of data set and latent size, one architecture, small images.
"""
    )
