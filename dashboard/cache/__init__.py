"""Everything that visitors share; the only package that uses st.cache_*.

Keys are run ids and plain parameters, never large arrays. Cached arrays are read-only and cached models frozen, because
every visitor gets the same object. Only finished runs are cached, because an unfinished run still changes.

    trained    finished runs, their files and networks, the images they were trained on
    decoded    images that the networks decode
    measured   measures of runs
    maps       two-dimensional maps of a pair's codes
    uses       baselines and scores for denoising, anomaly detection, compression
    server     jobs, visitors, limits, the walkthrough's scenes, preparations in the background
    turns      whose page runs now

Functions are called through their module, as in `cache.trained.model(...)`, so that a test can replace one for all
callers.
"""

from dashboard.cache import decoded, maps, measured, server, trained, turns, uses

_STAYS = (trained.store, server.begin, server.jobs, server.visitors, server.warm, server.warm_worker, server.memory_mb)


def drop_results() -> None:
    """Forget everything that can be computed again; keep jobs, visitors and what is prepared once per server."""
    for module in (trained, decoded, measured, maps, uses, server):
        for cached in vars(module).values():
            clear = getattr(cached, "clear", None)
            if callable(cached) and clear is not None and cached not in _STAYS:
                clear()
