"""Which views are built ahead, and where the buttons and messages of a view lead.

A *view* is a page with a state of its controls: the choices that are part of its address. Controls with a few options
are built in every combination, as long as a page does not have too many of them; buttons whose click only changes the
address become links. What else a control can show needs the server.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from dashboard.export.page_file import ADDRESS, component_data
from dashboard.site.controls import AHEAD
from dashboard.site.elements import elements_of
from dashboard.site.parts import PREFIX
from dashboard.site.recorder import Recorder, View, Where

CHOICES = ("button_group", "selectbox", "checkbox")
MOST_OPTIONS = 12  # of one control
MOST = 24  # views of one page, for one data set and latent size
SHARED = ("data", "latent")  # in every page's address, beside its own choices
FIXED = {
    "seed": "one seed of each pair is in the site",
    "auto": "starting trainings by itself needs the server",
    "picture": "drawn and uploaded images need the server on this page",
}
# Where a component's data list the values of a parameter in `AHEAD`: (list, part of each entry).
LISTED = {"beta_lab": ("beta", "trained", "beta")}
# Parameters that only a component reads: (page, choices, parameter, an example that is not the default).
READ = (
    ("one_image", {}, "index", "5"),
    ("one_image", {"part": "Decode as you move"}, "view", "grid"),
    ("one_image", {"part": "Small steps"}, "step", "0.5"),
    ("kl_weight", {}, "beta", "2.5"),
    ("kl_weight", {}, "auto", "false"),
    ("walkthrough", {"present": "true"}, "autoplay", "true"),
)
# What components report, and the page and parameter that it sets: (component, trigger) -> (page or None, parameter,
# name of the value's part or None).
SETS: dict[tuple[str, str], tuple[str | None, str, str | None]] = {
    ("encode_decode", "chosen"): (None, "index", None),
    ("maps", "open"): ("one_image", "index", None),
    ("beta_lab", "rested"): (None, "beta", "beta"),
}
ASKED = ("next", "back", "first", "last", "leave", "auto")  # what the presenter's keys and buttons report


@dataclass
class Recorded:
    """A view as it was recorded, in both colour schemes.

    Attributes:
        page: `url_path` of the page.
        state: the choices that make this view, by URL parameter.
        leads: where each button leads, by id.
        event_links: where a component's reports lead: id -> trigger -> value -> address.
    """

    page: str
    state: dict[str, str]
    light: View
    dark: View
    leads: dict[str, Where] = field(default_factory=dict)
    event_links: dict[str, dict[str, dict[str, Where]]] = field(default_factory=dict)


def widgets(view: View) -> Iterator[tuple[str, Any]]:
    """The controls of a view that have a few options and are part of its address, as (kind, element)."""
    for tree in (view.sidebar, view.main):
        for element in elements_of(tree):
            kind = element.WhichOneof("type")
            if kind in CHOICES and getattr(element, kind).query_param_key:
                yield kind, getattr(element, kind)


def options(kind: str, e: Any) -> list[str]:
    """A control's options as they are written in an address."""
    if kind == "checkbox":
        return ["false", "true"]
    return [option.content for option in e.options] if kind == "button_group" else list(e.options)


def state_of(view: View) -> dict[str, str]:
    """The choices that make a view."""
    found: dict[str, str] = {}
    for kind, e in widgets(view):
        names = options(kind, e)
        if kind == "checkbox":
            default = str(e.default).lower()
        elif kind == "button_group":
            default = names[e.default[0]] if e.default else names[0]
        else:
            default = names[e.default] if names else ""
        asked = view.query.get(e.query_param_key, default)
        found[e.query_param_key] = asked if asked in names else default
    return found | {key: view.query[key] for key in AHEAD.get(view.page, ()) if key in view.query}


def simplest(page: str, query: Mapping[str, str]) -> dict[str, str]:
    """The parameters of an address that make a view: all scenes on one page are the same from every scene."""
    return {"all": query["all"]} if "all" in query and "all" in AHEAD.get(page, ()) else dict(query)


def buttons(view: View) -> Iterator[str]:
    """The ids of the buttons of a page that can be clicked."""
    for element in elements_of(view.main):
        if element.WhichOneof("type") == "button" and not element.button.disabled:
            yield element.button.id


def event_links_of(view: View) -> dict[str, dict[str, dict[str, Where]]]:
    """Where the reports of the presenter lead, by id of the component."""
    found: dict[str, dict[str, dict[str, Where]]] = {}
    for element in elements_of(view.main):
        if element.WhichOneof("type") != "bidi_component":
            continue
        e = element.bidi_component
        if e.component_name != f"{PREFIX}presenter":
            continue
        values = [*ASKED, *(f"choice:{key}" for key in (component_data(e) or {}).get("choices", []))]
        answers = {value: view.after_event(e.id, "go", value) for value in values}
        found[e.id] = {"go": {value: where for value, where in answers.items() if where is not None}}
    return found


def views(
    recorder: Recorder,
    page: str,
    shared: Mapping[str, tuple[str, ...]],
    keep: Callable[[View], None],
    done: Callable[[Recorded], None] = lambda _: None,
) -> list[Recorded]:
    """All views of a page.

    Args:
        shared: the data sets that the site has, by parameter; all latent sizes if there is no list of them.
        keep: called while a view's media files exist.
        done: called after each view, for progress.
    """
    found: dict[tuple[tuple[str, str], ...], Recorded] = {}
    counts: dict[tuple[str, ...], int] = {}
    todo: list[dict[str, str]] = [{}]
    asked: set[tuple[tuple[str, str], ...]] = set()
    while todo:
        query = todo.pop(0)
        name = tuple(sorted(query.items()))
        if name in asked:
            continue
        asked.add(name)
        with recorder.view(page, query) as light:
            state = state_of(light)
            key = tuple(sorted(state.items()))
            setting = tuple(state.get(part, "") for part in SHARED)
            if AHEAD.get(page) == ("beta",) and state.get("beta") == "1":
                continue  # the same as without it
            if key in found or (page not in AHEAD and counts.get(setting, 0) >= MOST):
                continue
            counts[setting] = counts.get(setting, 0) + 1
            keep(light)
            leads = {
                button: where for button in dict.fromkeys(buttons(light)) if (where := light.where(button)) is not None
            }
            event_links = event_links_of(light)
        with recorder.view(page, query, dark=True) as dark:
            keep(dark)
        found[key] = Recorded(page, state, light, dark, leads, event_links)
        done(found[key])
        todo += [q for q in _next(light, state, shared, leads, event_links) if tuple(sorted(q.items())) not in asked]
    return list(found.values())


def _next(
    view: View,
    state: Mapping[str, str],
    shared: Mapping[str, tuple[str, ...]],
    leads: Mapping[str, Where],
    event_links: Mapping[str, Mapping[str, Mapping[str, Where]]],
) -> Iterator[dict[str, str]]:
    """The queries of the views that can be reached from one in one step."""
    combinations = 1
    for kind, e in widgets(view):
        key, names = e.query_param_key, options(kind, e)
        if key in FIXED or len(names) > MOST_OPTIONS:
            continue
        if key in SHARED:
            names = [name for name in names if key not in shared or name in shared[key]]
        else:
            combinations *= len(names)
            if combinations > MOST:
                break
        for name in names:
            if name != state.get(key):
                dropped = {*FIXED, *(AHEAD.get(view.page, ()) if key in SHARED else ())}
                dropped |= {"latent"} if key == "data" else set()
                kept = {k: v for k, v in state.items() if k not in dropped}
                yield {**kept, key: name}
    for page, query in [
        *leads.values(),
        *(to for triggers in event_links.values() for values in triggers.values() for to in values.values()),
    ]:
        if page == view.page and page in AHEAD:
            yield simplest(page, query)
    for element in elements_of(view.main):
        listed = LISTED.get(element.bidi_component.component_name.removeprefix(PREFIX))
        if listed is not None and listed[0] in AHEAD.get(view.page, ()):
            kept = {k: v for k, v in state.items() if k not in FIXED}
            for entry in (component_data(element.bidi_component) or {}).get(listed[1], []):
                yield {**kept, listed[0]: f"{entry[listed[2]]:.12g}"}


def binds(recorder: Recorder) -> dict[str, dict[str, dict[str, Any]]]:
    """Where components read the parameters of `READ`: component -> parameter -> {"paths": ..., "kind": ...}.

    Found by comparing the data that a component is sent with and without the parameter.
    """
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for page, state, parameter, example in READ:
        with recorder.view(page, state) as usual:
            before = _data(usual)
        with recorder.view(page, {**state, parameter: example}) as changed:
            after = _data(changed)
        for name, data in after.items():
            for path, value in _differences(before.get(name), data):
                if str(value).lower() == example or (_number(value) and float(example) == value):
                    kind = "switch" if isinstance(value, bool) else "number" if _number(value) else "text"
                    found.setdefault(name, {}).setdefault(parameter, {"paths": [], "kind": kind})["paths"].append(path)
    return found


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _data(view: View) -> dict[str, Any]:
    return {
        e.bidi_component.component_name: json.loads(ADDRESS.sub("", json.dumps(component_data(e.bidi_component))))
        for e in elements_of(view.main)
        if e.WhichOneof("type") == "bidi_component"
    }


def _differences(before: Any, after: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[list[str], Any]]:
    """Where two JSON values with the same structure differ, as (path, new value)."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name, value in after.items():
            yield from _differences(before.get(name), value, (*path, name))
    elif before != after and not isinstance(after, dict | list):
        yield list(path), after
