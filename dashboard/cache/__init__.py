"""The one place with st.cache_*: what visitors share. Keys are run ids and plain parameters, never big arrays.

Cached arrays are read-only and cached models frozen, because every visitor gets the same object. Only finished runs get
here: an unfinished one changes under one's hands.

    trained    finished runs, their files and networks, the images they were trained on
    decoded    images that the networks draw
    measured   what was measured of them
    maps       two-dimensional maps of a pair's codes
    uses       denoising, anomalies, compression
    server     jobs, visitors, limits, the walkthrough, warming up

Pages say `cache.model(...)`, and so do these modules where they call each other: who replaces a function here replaces
it for all.
"""

from dashboard.cache import decoded, maps, measured, server, trained, uses
from dashboard.cache.decoded import (
    PICTURES,
    SAMPLES,
    decoded_path,
    likeness,
    one_of_each,
    redraws,
    samples,
    samples_likeness,
    turned,
)
from dashboard.cache.maps import MapView, disagreement, latent_maps, lay_out, lay_out_again
from dashboard.cache.measured import flip_rate, flip_rates, gaussians, sample_quality, scorecards, scores, verdicts
from dashboard.cache.server import (
    begin,
    crowd,
    jobs,
    limits,
    load_networks,
    make_ready,
    memory_mb,
    scenes,
    warm,
    warm_worker,
)
from dashboard.cache.trained import (
    REFERENCE,
    arrays,
    data_of,
    dataset,
    density,
    entries,
    evaluation,
    export,
    film,
    folder_changed,
    gallery,
    model,
    pairs,
    parameters,
    recording,
    store,
    train_codes,
)
from dashboard.cache.uses import odd_images, oddness, pca, pca_oddness, pca_quantisers, quantiser, simple_denoisers

_STAYS = (trained.store, server.begin, server.jobs, server.crowd, server.warm, server.warm_worker, server.memory_mb)


def drop_results() -> None:
    """Forget everything that can be made again; jobs, visitors and what the server warmed up stay."""
    for module in (trained, decoded, measured, maps, uses, server):
        for cached in vars(module).values():
            if callable(cached) and hasattr(cached, "clear") and cached not in _STAYS:
                cached.clear()
