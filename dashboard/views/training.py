"""How the spaces form: the pair's two trainings, epoch by epoch, as they were recorded. Played in the browser."""

import streamlit as st

from dashboard import cache, state, text, theme
from dashboard.catalog import Entry, Pair
from dashboard.components.scrubber import Recording, scrubber
from dashboard.exhibits.live import TITLES
from dashboard.text import AE, VAE

pair: Pair = state.get("pair")


def recorded(kind: str, entry: Entry) -> Recording:
    """What a run wrote down after every epoch."""
    trace, history, previews = cache.recording(entry.run_id)
    return Recording(TITLES[kind], kind.upper(), theme.color(kind), theme.color(kind, dark=True), trace, history, previews)


st.title("How the spaces form", anchor=False)
recordings = [recorded("ae", pair.ae), recorded("vae", pair.vae)]
n = recordings[0].codes.shape[1]
labels = cache.dataset(pair.data).test_labels[:n]
st.markdown(text.training_takeaway(*(r.history for r in recordings)))
scrubber(recordings, [cache.film(entry.run_id) for entry in (pair.ae, pair.vae)], labels, theme.CLASSES, f"scrubber-{pair.ae.run_id}")
st.caption(
    f"Dots are {n} unseen images, coloured by class, at their codes after every epoch{'' if pair.latent_dim <= 2 else ', in the plane in which the last ones vary most'}. "
    "Below each map: samples of the same 16 codes at every epoch, then reconstructions of the same 8 images. Space plays, arrow keys step."
)
st.caption(text.provenance(pair, recordings[0].history[-1]["test_n"]))
with st.expander("Why: what to look for", icon=":material/help:"):
    st.markdown(
        f"""
- **Epoch 0** is the untrained network: all codes in one heap, because random weights hardly tell images apart.
- **The {AE} spreads** as far as it likes: nothing in its loss says where codes should be.
- **The {VAE} is held together** by its rate: codes far from 0 cost more, and so do narrow clouds. Its distortion falls while its rate *rises*:
  it learns which nats of code are worth their price.
- **Samples** are decoded from the prior. The {VAE}'s sharpen into digits as its codes fill the prior; the {AE}'s codes need not lie where the prior does.
- Both trainings share seed, batch order and schedule (one cycle: the steps grow until 30 % of training, then shrink to almost nothing, which is when the last details settle).
"""
    )
