"""The one place with st.cache_*: what visitors share. Keys are run ids and plain parameters, never big arrays.

Cached arrays are read-only and cached models frozen, because every visitor gets the same object. Only finished runs get
here: an unfinished one changes under one's hands.

    trained    finished runs, their files and networks, the images they were trained on
    decoded    images that the networks draw
    measured   what was measured of them
    maps       two-dimensional maps of a pair's codes
    uses       denoising, anomalies, compression
    server     jobs, visitors, limits, the walkthrough, warming up

Pages say `cache.trained.model(...)`, and these modules `trained.model(...)` where they call each other: who replaces a
function in its module replaces it for all.
"""

from dashboard.cache import decoded, maps, measured, server, trained, uses

_STAYS = (trained.store, server.begin, server.jobs, server.crowd, server.warm, server.warm_worker, server.memory_mb)


def drop_results() -> None:
    """Forget everything that can be made again; jobs, visitors and what the server warmed up stay."""
    for module in (trained, decoded, measured, maps, uses, server):
        for cached in vars(module).values():
            clear = getattr(cached, "clear", None)
            if callable(cached) and clear is not None and cached not in _STAYS:
                clear()
