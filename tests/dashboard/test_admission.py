"""Places for visitors, and what the page says when there is none."""

from driving import words

from dashboard import cache
from dashboard.cache.visitors import REST, Visitors
from dashboard.session import state


def test_places_are_taken_and_given_back():
    visitors = Visitors(2)
    assert visitors.admit("ann", now=0) and visitors.admit("bob", now=1) and not visitors.admit("cid", now=2)
    assert visitors.admit("ann", now=3), "who is in stays in"
    assert visitors.admit("cid", now=1 + REST) and len(visitors) == 2, "bob has rested"
    assert not visitors.admit("bob", now=2 + REST) and visitors.admit("bob", inside=True, now=2 + REST), (
        "nobody is thrown out"
    )
    assert Visitors(None).admit("anyone")


def test_a_full_house_tells_what_this_is_and_opens_by_itself(dashboard, monkeypatch):
    monkeypatch.setenv("POINT_OR_CLOUD_VISITORS", "1")
    visitors = cache.server.visitors()
    visitors.admit("somebody else")
    app = dashboard()
    assert "admits 1 visitor at a time" in words(app) and "open here automatically" in words(app) and not app.exception
    assert "streamlit run" in app.code[0].value and not app.sidebar.selectbox
    visitors.most = 2
    app.run()
    assert "Loss of each model" in words(app)


def test_the_demo_offers_its_data_sets_only(dashboard, monkeypatch):
    monkeypatch.setenv("POINT_OR_CLOUD_PROFILE", "demo")
    app = dashboard()
    assert "No trained pair of models" in words(app), "the tests' data set is none of them"


def test_a_bad_setting_is_told_on_the_page(dashboard, monkeypatch):
    monkeypatch.setenv("POINT_OR_CLOUD_QUEUE", "lots")
    app = dashboard()
    assert "POINT_OR_CLOUD_QUEUE='lots' must be a whole number" in words(app) and not app.exception


def test_full_memory_drops_shared_results(dashboard, monkeypatch):
    app = dashboard()
    before = cache.trained.store()
    held = cache.trained.gallery(next(iter(cache.trained.entries())).run_id)
    monkeypatch.setenv("POINT_OR_CLOUD_MEMORY_MB", "200")
    app.run()
    assert cache.server.memory_mb() > 200, "as much as this process needs in any case"
    assert (
        not app.exception
        and cache.trained.gallery(next(iter(cache.trained.entries())).run_id) is not held
        and cache.trained.store() is before
    )


def test_a_browser_keeps_its_name_over_reloads():
    """The cookie is masked anew each time; its token stays."""
    token, names = bytes(range(16)), set()
    for mask in (b"\x01\x02\x03\x04", b"\xff\x10\x00\x7f"):
        masked = bytes(b ^ mask[i % 4] for i, b in enumerate(token))
        names.add(state._browser(f"2|{mask.hex()}|{masked.hex()}|1700000000"))
    assert len(names) == 1 and "" not in names
    assert {state._browser(c) for c in ("", "2|zz|zz|1", "2||00|1", "1|2", "2|00|0011|1")} == {""}
