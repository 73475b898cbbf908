"""The form for a disk: one file per page, which opens by a double click, without a server and without a network.

A file holds all views of its page and, compressed and once each, the scripts, networks and images that they need. The
files link to each other as neighbours in one folder.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
import re
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlencode

from dashboard.components.scripts import joined
from dashboard.export.page_file import ICONS, packed
from dashboard.site import build, pages
from dashboard.site.build import Page, Site
from dashboard.site.hosted import ICON, module, named_scripts

POLICY = (
    "default-src 'none'; script-src {scripts} blob: 'wasm-unsafe-eval'; style-src 'unsafe-inline'; "
    "img-src data: blob:; connect-src data: blob:; worker-src blob:; base-uri 'none'; form-action 'none'"
)
NAME = re.compile(r"site:((?:media|data)/[\w.-]+)")


def file_of(page: str) -> str:
    """The name of a page's file; the Start page is the one that a folder opens with."""
    return f"{page or 'index'}.html"


class Single:
    """Writes one file per page of a site into a folder."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.scripts = {name: f"assets/{name}.js" for name in site.files.components}
        self.content = {
            **site.files.content,
            **{self.scripts[name]: module(source).encode() for name, source in site.files.components.items()},
        }
        self.early, self.script = f"\n{build.shared_text('early.js')}", f"\n{joined(build.HERE / 'site.js')}"
        self.style = build.style() + ".icon{display:none}"
        self.packed: dict[str, str] = {}  # what several pages hold is compressed once

    def write(self, folder: Path) -> dict[str, int]:
        """Write all files; returns their sizes."""
        sizes: dict[str, int] = {}
        for page in self.site.addresses.pages:
            content = self.page([p for p in self.site.pages if p.view.page == page]).encode()
            (folder / file_of(page)).write_bytes(content)
            sizes[file_of(page)] = len(content)
        return sizes

    def href(self, address: str) -> str:
        """A link between the files: `at` names the view in the other file."""
        path, _, query = address.removeprefix("site:view/").partition("?")
        path = unquote(path)
        page, _, name = path.rpartition("/")
        at = {"at": html.unescape(path)} if name else {}
        query = urlencode(at | dict(parse_qsl(html.unescape(query))))
        return html.escape(f"{file_of(page)}{'?' if query else ''}{query}")

    def view(self, page: Page) -> Page:
        """A view whose images are loaded by the script, with the few icons that mean something as letters."""

        def changed(body: str) -> str:
            body = re.sub(r' src="site:(media/[\w.-]+)"', r' data-src="\1"', body)
            body = re.sub(
                r'<span class="icon" aria-hidden="true">(\w+)</span>', lambda found: ICONS.get(found[1], ""), body
            )
            return named_scripts(body, self.scripts)

        return Page(page.view, page.title, changed(page.main), changed(page.side), page.components, page.fixed)

    def page(self, views: list[Page]) -> str:
        """The file of a page, from its views; the first is the usual one."""
        shown = [self.view(page) for page in views]
        documents = [pages.document(self.site, page, pages.Head("", "", "", {}), self.href) for page in shown]
        needed = {name for page in views for name in NAME.findall(page.main + page.side)}
        for name in [name for name in needed if name.startswith("data/")]:
            needed |= set(NAME.findall(gzip.decompress(self.content[name]).decode()))
        needed |= {self.scripts[name] for page in views for name in page.components}
        holds = {
            "files": {name: self.pack(name) for name in sorted(needed)},
            "texts": {
                self.site.addresses.path(page.view): packed(text.encode())
                for page, text in zip(views, documents, strict=True)
            },
            "table": self.site.addresses.table(views[0].view.page),
        }
        hashes = " ".join(
            f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
            for script in (self.early, self.script)
        )
        head = (
            f'<link rel="icon" href="data:image/svg+xml,{ICON}">'
            f"<script>{self.early}</script><style>{self.style}</style>\n"
        )
        end = pages.json_block("packed", holds) + f"<script>{self.script}</script>"
        attributes = {"data-root": "./", "data-path": self.site.addresses.path(views[0].view)}
        form = pages.Head(POLICY.format(scripts=hashes), head, end, attributes)
        return pages.document(self.site, shown[0], form, self.href)

    def pack(self, name: str) -> str:
        """One file, compressed, as text."""
        if name not in self.packed:
            self.packed[name] = packed(self.content[name])
        return self.packed[name]
