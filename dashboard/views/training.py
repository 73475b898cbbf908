"""How the spaces form: the recorded trainings of both models, epoch by epoch."""

import numpy as np
import streamlit as st

from core.runs.run import PREVIEWED
from dashboard import cache
from dashboard.components.scrubber import Recording, scrubber
from dashboard.content.catalog import Entry, Pair
from dashboard.content.training import training_takeaway
from dashboard.content.words import AE, VAE, provenance
from dashboard.panels.interactive import label_of
from dashboard.panels.space_training import watch_it_learn
from dashboard.plots import theme
from dashboard.session import state

pair: Pair = state.get("pair")


def recorded(kind: str, entry: Entry) -> Recording:
    """What a run recorded after every epoch."""
    trace, history, previews = cache.trained.recording(entry.run_id)
    return Recording(label_of(kind), trace, history, previews)


st.title("How the spaces form", anchor=False)
recordings = [recorded(kind, entry) for kind, entry in pair.items()]
n = recordings[0].codes.shape[1]
data = cache.trained.dataset(pair.data)
labels = data.test_labels[:n]
reconstructed = min(PREVIEWED, len(np.unique(data.test_labels)))  # images per preview, one of each class
st.markdown(training_takeaway(*(r.history for r in recordings)))
scrubber(
    recordings,
    [cache.trained.stacked_previews(entry.run_id) for entry in pair.entries],
    labels,
    theme.CLASSES,
    f"scrubber-{pair.ae.run_id}",
    reconstructed,
)
st.caption(
    f"Dots are {n} unseen images, coloured by class, at their codes after every "
    f"epoch{'' if pair.latent_dim <= 2 else ', in the plane in which the final codes vary most'}. "
    "Below each map: samples of the same 16 codes at every epoch, then reconstructions of the same "
    f"{f'{reconstructed} images' if reconstructed > 1 else 'image'}. Space: play or pause; arrow keys: step."
)
st.caption(provenance(pair, recordings[0].history[-1]["test_n"]))
watch_it_learn(pair)
with st.expander("Explanation: what to look for", icon=":material/help:"):
    st.markdown(
        f"""
- **Epoch 0** is the untrained network: all codes are close together, because random weights hardly distinguish images.
- **The {AE}'s codes spread** without limit: nothing in its loss says where codes should be.
- **The {VAE}'s codes stay together** because of its rate: codes far from 0 and narrow clouds have a higher rate.
  Its distortion falls while its rate *rises*, as it learns which information is worth encoding.
- **Samples** are decoded from the prior. The {VAE}'s sharpen into digits as its codes fill the prior; the {AE}'s
  codes need not lie where the prior does.
- Both trainings share seed, batch order and schedule (one-cycle: the learning rate rises for the first 30 % of
  training, then falls to almost zero, which is when the final details converge).
"""
    )
