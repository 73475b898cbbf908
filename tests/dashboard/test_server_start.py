"""What a public server computes before its first visitor."""

import pytest

from dashboard import cache
from dashboard.components import networks
from dashboard.server import compute_first, no_page


@pytest.mark.parametrize("page", ["uses", "samples", "training"])
def test_the_first_visitor_waits_for_no_network(dashboard, no_judge, page):  # noqa: ARG001 - none is trained
    pair = next(iter(cache.trained.pairs().values()))
    networks._name.cache_clear()
    with no_page():
        compute_first(pair)
    read, images = networks._name.cache_info().misses, cache.trained.dataset(pair.data)
    app = dashboard(page, latent=str(pair.latent_dim))
    assert not app.exception and networks._name.cache_info().misses == read > 0
    assert cache.trained.dataset(pair.data) is images, "nothing was dropped"
