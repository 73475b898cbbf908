"""The parts of the site: which views there are, their addresses, and the files that they share.

A media file is named after its content, so views that show the same network or picture share one file.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, unquote, unquote_to_bytes, urlencode

from dashboard.export import capture
from dashboard.export.capture import Node
from dashboard.export.page_file import ADDRESS, component_data
from dashboard.site import plan
from dashboard.site.compact import smaller
from dashboard.site.elements import elements_of
from dashboard.site.plan import Recorded
from dashboard.site.recorder import SiteError, View

START = "start"  # the Start page's name in file names; its own address is the root


def digest(data: bytes) -> str:
    """A short name for some content."""
    return hashlib.sha256(data).hexdigest()[:16]


def slug(text: str) -> str:
    """A value of an address as a part of a file name."""
    return re.sub(r"[^A-Za-z0-9.]+", "-", text).strip("-") or "none"


@dataclass
class Files:
    """Media files by the address that they had in the recording, and all files of the site by name."""

    names: dict[str, str] = field(default_factory=dict)
    content: dict[str, bytes] = field(default_factory=dict)
    components: dict[str, dict[str, str]] = field(default_factory=dict)

    def keep(self, view: View) -> None:
        """Keep the media files of a view, which exist as long as its visitor is there."""
        for address in _addresses(view.main):
            if address not in self.names:
                data = capture.media(address)
                if data is None:
                    raise SiteError(f"The page {view.page or START!r} names {address}, which does not exist.")
                suffix = address.rsplit(".", 1)[-1]
                self.add(address, data, "js" if suffix == "es" else suffix)  # as no host knows scripts named .es

    def add(self, address: str, data: bytes, suffix: str) -> str:
        """Keep a file under an address; returns its name."""
        data = smaller(data)
        self.names[address] = name = f"media/{digest(data)}.{suffix}"
        self.content[name] = data
        return name

    def media(self, address: str) -> str:
        """The name of a media file, see `parts.Target`; a data address becomes a file, too."""
        address = address.removeprefix(".")
        if address in self.names:
            return self.names[address]
        kind, _, body = address.removeprefix("data:").partition(",")
        data = base64.b64decode(unquote(body)) if kind.endswith(";base64") else unquote_to_bytes(body)
        suffix = re.sub(r"\W.*", "", kind.split("/", 1)[-1])
        return self.add(address, data, suffix)

    def text_file(self, folder: str, text: str, suffix: str) -> str:
        """Keep a text as a file, compressed and named after its content; returns its name."""
        data = gzip.compress(text.encode(), 9, mtime=0)
        name = f"{folder}/{digest(data)}{suffix}"
        self.content[name] = data
        return name

    def component(self, name: str, source: Mapping[str, str]) -> None:
        """Keep a component's script, markup and style sheet."""
        self.components.setdefault(name, dict(source))


def _addresses(node: Node) -> Iterator[str]:
    """The addresses of the media files in a tree, as the recording has them."""
    for element in elements_of(node):
        kind = element.WhichOneof("type")
        if kind == "imgs":
            yield from (image.url for image in element.imgs.imgs if image.url.startswith("/media/"))
        elif kind == "bidi_component":
            found = ADDRESS.findall(json.dumps(component_data(element.bidi_component)))
            yield from (address.removeprefix(".") for address in found)


class Addresses:
    """Which views there are, and the one for any address of the dashboard."""

    def __init__(self, views: Iterable[Recorded]) -> None:
        self.pages: dict[str, list[Recorded]] = {}
        for view in views:
            self.pages.setdefault(view.page, []).append(view)
        self.usual = {page: found[0].state for page, found in self.pages.items()}
        self.keys = {page: {key for view in found for key in view.state} for page, found in self.pages.items()}
        self.free = {parameter for _, _, parameter, _ in plan.READ}

    def find(self, page: str, query: Mapping[str, str]) -> Recorded | None:
        """The view with these choices, and otherwise the usual ones; None if it was not built."""
        if page not in self.pages:
            return None
        wanted = {k: v for k, v in plan.simplest(page, query).items() if k in self.keys[page]}
        built = {(k, v) for view in self.pages[page] for k, v in view.state.items()}
        wanted = {k: v for k, v in wanted.items() if k not in self.free or (k, v) in built}
        ahead = plan.AHEAD.get(page, ())

        def fits(view: Recorded) -> bool:
            """A control that this view does not have is no reason against it: a PCA has no seed."""
            return all(view.state.get(k, value if k not in ahead else None) == value for k, value in wanted.items())

        usual = self.usual[page]

        def distance(view: Recorded) -> tuple[int, int]:
            others = (set(view.state) | set(usual)) - set(wanted)
            return sum(k not in view.state for k in wanted), sum(view.state.get(k) != usual.get(k) for k in others)

        return min(filter(fits, self.pages[page]), key=distance, default=None)

    def own(self, view: Recorded) -> dict[str, str]:
        """A view's choices, without those that are the usual ones of its page."""
        return {k: v for k, v in view.state.items() if self.usual[view.page].get(k) != v}

    def stem(self, view: Recorded) -> str:
        """A view's name within its page: "index" for the usual one, else its choices: "latent-2.umap-1"."""
        return ".".join(f"{k}-{slug(v)}" for k, v in self.own(view).items()) or "index"

    def path(self, view: Recorded) -> str:
        """A view's path in the site: a folder for each page, a file for each view."""
        return f"{view.page}/{self.stem(view)}.html".removeprefix("/")

    def href(self, page: str, query: Mapping[str, str], strict: bool = False) -> str | None:
        """See `parts.Target`."""
        found = self.find(page, query)
        if found is None:
            return None
        if strict and not set(query) <= {*found.state, *self.keys[page], *self.free}:
            return None  # it asks for a state that no view has
        rest = {k: v for k, v in query.items() if k in self.free and k not in found.state}
        # The usual view of a page is addressed by its folder, which every host serves as index.html.
        path = re.sub(r"(^|/)index\.html$", r"\1", self.path(found))
        return f"site:view/{quote(path)}{'?' if rest else ''}{urlencode(rest)}"

    def table(self, page: str) -> dict[str, object]:
        """What the page's script needs to find a view: the usual choices, and every view's with its path."""
        return {
            "usual": self.usual[page],
            "views": [[view.state, self.path(view)] for view in self.pages[page]],
            "ahead": plan.AHEAD.get(page, ()),
            "free": sorted(self.free),
        }
