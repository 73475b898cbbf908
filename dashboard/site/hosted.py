"""The hosted form: a folder for any static host, at any path.

a folder for each page      views: the usual one as index, the others named after their choices
media/, data/               networks, images, components' data: each once, named after its content
assets/                     scripts, style sheet, fonts: named after their content
worker.js                   keeps what was opened, so that it opens again without a network
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from dashboard.components.scripts import joined
from dashboard.site import build, pages
from dashboard.site.build import Site
from dashboard.site.files import digest

POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self'; connect-src 'self' data: blob:; worker-src 'self' blob:; "
    "base-uri 'none'; form-action 'none'"
)
MOST_BYTES = 25_000_000


class Hosted:
    """Writes the hosted form of a site into a folder."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.files: dict[str, bytes] = {}

    def asset(self, name: str, suffix: str, content: bytes) -> str:
        """Add a file named after its content; returns its name."""
        path = f"assets/{name}-{digest(content)}{suffix}"
        self.files[path] = content
        return path

    def write(self, folder: Path) -> dict[str, int]:
        """Write everything; returns the bytes by kind of file."""
        site = self.site
        fonts = {name: self.asset(name.split()[0].lower(), ".woff2", build.font(name)) for name in build.FONTS}
        faces = "".join(
            f'@font-face{{font-family:"{name}";src:url("{path.removeprefix("assets/")}") format("woff2");'
            f"font-weight:200 900;font-display:{'block' if 'Symbols' in name else 'swap'}}}"
            for name, path in fonts.items()
        )
        self.style = self.asset("site", ".css", (faces + build.style()).encode())
        self.early = self.asset("early", ".js", build.shared_text("early.js").encode())
        self.script = self.asset("site", ".js", joined(build.HERE / "site.js").encode())
        self.components = {
            name: self.asset(name.removeprefix(pages.PREFIX), ".js", module(source).encode())
            for name, source in site.files.components.items()
        }
        for page in site.addresses.pages:
            self.files[self.table(page)] = json.dumps(site.addresses.table(page)).encode()
        for page in site.pages:
            self.files[site.addresses.path(page.view)] = self.page(page).encode()
        self.files |= site.files.content
        self.files["worker.js"] = self.worker().encode()
        for path, content in self.files.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        (folder / ".nojekyll").touch()  # GitHub Pages would leave out some names otherwise
        sizes: dict[str, int] = {}
        for path, content in self.files.items():
            kind = path.split("/", 1)[0] if path.split("/", 1)[0] in ("media", "data", "assets") else "pages"
            sizes[kind] = sizes.get(kind, 0) + len(content)
        return sizes

    @staticmethod
    def table(page: str) -> str:
        """The path of the list of a page's views."""
        return f"{page}/views.json".removeprefix("/")

    def page(self, page: build.Page) -> str:
        """One view as HTML."""
        view = page.view
        path = self.site.addresses.path(view)
        up = "../" * path.count("/") or "./"
        scripts = [self.script, *(self.components[name] for name in dict.fromkeys(page.components))]
        head = (
            f'<link rel="icon" href="data:image/svg+xml,{ICON}">'
            f'<script src="{up}{self.early}"></script><link rel="stylesheet" href="{up}{self.style}">'
            + "".join(f'<link rel="modulepreload" href="{up}{name}">' for name in scripts)
            + f'<script type="module" src="{up}{self.script}"></script>\n'
        )
        attributes = {
            "data-root": up,
            "data-path": path,
            "data-views": self.table(view.page),
            "data-worker": "worker.js",
        }
        main, side = (named_scripts(body, self.components) for body in (page.main, page.side))
        shown = build.Page(view, page.title, main, side, page.components, page.fixed)

        def href(address: str) -> str:
            rest = address.removeprefix("site:")
            return (up + rest.removeprefix("view/")) or "./"

        return pages.document(self.site, shown, pages.Head(POLICY, head, "", attributes), href)

    def worker(self) -> str:
        """The service worker; its version is a hash of all files, so a new build replaces the old cache."""
        every = "".join(f"{path}{digest(content)}" for path, content in sorted(self.files.items()))
        first = [self.style, self.early, self.script, *(name for name in self.files if name.endswith(".woff2"))]
        return (
            build.shared_text("worker.js")
            .replace("@version@", digest(every.encode()))
            .replace('["@first@"]', json.dumps(first))
        )


def module(source: dict[str, str]) -> str:
    """A component as a module: its script, and its markup and style sheet as exports."""
    more = {"html": source["html"], "css": source["css"], "isolated": bool(source["isolated"])}
    return source["js"] + "".join(f"\nexport const {name} = {json.dumps(value)};" for name, value in more.items())


def named_scripts(body: str, scripts: Mapping[str, str]) -> str:
    """The HTML of a view with the script of each component named."""
    return re.sub(r'data-name="(\w+)"', lambda found: f'{found[0]} data-script="{scripts[found[1]]}"', body)


ICON = (
    "%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Cellipse cx='8' cy='8' rx='7' ry='4.5' "
    "fill='%2356b4e9'/%3E%3Ccircle cx='8' cy='8' r='2' fill='%23d55e00'/%3E%3C/svg%3E"
)
