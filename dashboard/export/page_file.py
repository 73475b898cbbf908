"""A page as one HTML file that needs no network and no server: text, images, charts, and working components.

The file contains, compressed and once each, the components' scripts and style sheets and every file that a component
loads by address, including the neural networks. page_file.js unpacks them and mounts the same scripts as on the page.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dashboard.export.capture import Node
from dashboard.plots import theme

Read = Callable[[str], bytes | None]
FOLDER = Path(__file__).parent
KEYED = re.compile(r"\$\$ID-[0-9a-f]+-([\w-]+)$")  # the id of a container that has a key
# Addresses in Streamlit's own elements begin with "/", those of `assets.media_url` with "./".
ADDRESS = re.compile(r"\.?/media/[0-9a-f]{16,}\.[a-z0-9]+")
COLORS = {  # Streamlit's colour names in markdown -> colour on a light and on a dark page
    "orange": (theme.AE, theme.AE_DARK),
    "blue": (theme.VAE, theme.VAE_DARK),
    "green": ("#1a7f37", "#3fb950"),
    "gray": (theme.MUTED, theme.MUTED_DARK),
    "red": ("#c0392b", "#ff7b72"),
}
ICONS = {"check_circle": "✓", "radio_button_unchecked": "○"}


def packed(data: bytes) -> str:
    """gzip, then base64; the same bytes give the same text."""
    return base64.b64encode(gzip.compress(data, 6, mtime=0)).decode()


class PageFile:
    """Turns the elements of a page into HTML, and collects the files and components that they need.

    Args:
        read: the bytes at an address, None if there are none.
        dark: for a dark page.
    """

    def __init__(self, read: Read, dark: bool = False) -> None:
        self.read, self.dark = read, dark
        self.files: dict[str, str] = {}  # name -> packed bytes
        self.components: dict[str, dict[str, str]] = {}
        self.missing = 0

    # ---- text ----

    def text(self, body: str, inline: bool = False) -> str:
        """Streamlit's markdown as HTML: colours become spans; of the icons only those in `ICONS` are kept."""
        from markdown_it import MarkdownIt

        reader = MarkdownIt("js-default")  # no raw HTML: what a visitor typed stays text
        out = reader.renderInline(body) if inline else reader.render(body)
        out = re.sub(r":material/(\w+):", lambda m: self.icon(m[1]), out)
        for _ in range(2):  # colours can be nested once
            out = re.sub(
                r":(\w+)(?:-text)?\[([^\[\]]*)\]",
                lambda m: self.colored(m[1], m[2]) if m[1] in COLORS else m[0],
                out,
            )
        return out

    def icon(self, name: str) -> str:
        """A Material icon, by its name, as HTML."""
        return ICONS.get(name, "")

    def colored(self, color: str, inside: str) -> str:
        """HTML in one of `COLORS`."""
        return f'<span style="color:{COLORS[color][self.dark]}">{inside}</span>'

    # ---- the page ----

    def node(self, node: Node) -> str:
        """The HTML of an element of the page and of everything inside it."""
        if node.element is not None:
            kind = node.element.WhichOneof("type")
            draw = getattr(self, f"_{kind}", None)
            return draw(getattr(node.element, kind)) if draw else ""
        inside = "".join(self.node(child) for child in node)
        block = node.block
        kind = block.WhichOneof("type") if block is not None else None
        if not inside or kind in ("popover", "dialog", "form"):
            return ""  # controls do nothing without a server
        if block is None:
            return f'<div class="stack">{inside}</div>'
        if kind == "expandable":
            opened, label = " open" if block.expandable.expanded else "", self.text(block.expandable.label, inline=True)
            return f"<details{opened}><summary>{label}</summary>{inside}</details>"
        if kind == "column":
            return f'<div class="column" style="flex:{block.column.weight:.3f} 1 0">{inside}</div>'
        row = kind in ("horizontal", "grid_container") or (
            kind == "flex_container" and block.flex_container.direction == 2
        )
        border = kind == "flex_container" and block.flex_container.border
        named = KEYED.match(block.id)
        key = f" st-key-{named[1]}" if named else ""  # the class that the page's style sheets use
        return f'<div class="{"row" if row else "stack"}{" box" if border else ""}{key}">{inside}</div>'

    def _heading(self, e: Any) -> str:
        return f"<{e.tag}>{self.text(e.body, inline=True)}</{e.tag}>"

    def _markdown(self, e: Any) -> str:
        kinds = type(e).Type
        if e.element_type == kinds.DIVIDER:
            return "<hr>"
        return f'<div class="{"caption" if e.element_type == kinds.CAPTION else "text"}">{self.text(e.body)}</div>'

    def _html(self, e: Any) -> str:
        return e.body  # written by the project, so it is safe

    def _alert(self, e: Any) -> str:
        return f'<div class="note">{self.text(e.body)}</div>'

    def _page_link(self, e: Any) -> str:
        return f'<div class="text">{self.text(e.label)}</div>'

    def _metric(self, e: Any) -> str:
        return f'<div class="metric"><span>{self.text(e.label, inline=True)}</span><b>{html.escape(e.body)}</b></div>'

    def _imgs(self, e: Any) -> str:
        out = []
        for image in e.imgs:
            address = image.url
            if not address.startswith("data:"):
                data = self.read(address)
                if data is None:
                    self.missing += 1
                    continue
                address = f"data:image/{_image_type(data)};base64,{base64.b64encode(data).decode()}"
            caption = f"<figcaption>{self.text(image.caption, inline=True)}</figcaption>" if image.caption else ""
            out.append(f'<figure><img src="{address}" alt="{html.escape(image.alt)}">{caption}</figure>')
        return "".join(out)

    def _table(self, e: Any) -> str:
        from streamlit.dataframe_util import convert_arrow_bytes_to_pandas_df

        frame = convert_arrow_bytes_to_pandas_df(e.arrow_data.data)
        head = "".join(f"<th>{html.escape(str(name))}</th>" for name in frame.columns)
        rows = "".join(
            "<tr>" + "".join(f"<td>{self.text(str(value), inline=True)}</td>" for value in row) + "</tr>"
            for row in frame.itertuples(index=False)
        )
        return f'<div class="wide"><table><tr>{head}</tr>{rows}</table></div>'

    def _bidi_component(self, e: Any) -> str:
        if not e.isolate_styles:
            return ""  # presenter mode, which needs the server
        self.components.setdefault(e.component_name, {"html": e.html_content, "css": e.css_content, "js": e.js_content})
        given = component_data(e)
        if isinstance(given, dict) and "can_open" in given:
            given["can_open"] = False  # there is no other page to open it on
        if isinstance(given, dict) and given.get("in_page"):
            given["in_page"]["server"] = False  # it trains in the page; nobody else can be asked to
        data = ADDRESS.sub(lambda found: self.file(found[0]), json.dumps(given))
        return (
            f'<div class="component" data-name="{html.escape(e.component_name)}"><script '
            f'type="application/json">{embedded(data)}</script></div>'
        )

    def file(self, address: str) -> str:
        """Add the bytes at an address to the file; returns the name that they have in it."""
        data = self.read(address)
        if data is None:
            self.missing += 1
            return "missing:"
        name = f"file:{hashlib.sha256(data).hexdigest()[:16]}"
        if name not in self.files:
            self.files[name] = packed(data)
        return name

    def page(self, root: Node, title: str, link: str) -> bytes:
        """The complete file, from the page's elements, its title, and its address ("" if unknown)."""
        body = self.node(root)
        style = (FOLDER / "page_file.css").read_text(encoding="utf-8")
        script = (FOLDER / "page_file.js").read_text(encoding="utf-8")
        colors = {
            "--st-text-color": theme.ink(self.dark),
            "--st-background-color": "#171614" if self.dark else "#ffffff",
            "--st-primary-color": theme.color("vae", self.dark),
            "--st-secondary-background-color": "#24221f" if self.dark else "#f4f4f2",
            "--muted": theme.muted(self.dark),
            "--line": theme.faint(self.dark),
            "--st-font": "system-ui, sans-serif",
        }
        root_style = ";".join(f"{name}:{value}" for name, value in colors.items())
        source = (
            f'<p class="caption">Saved from <a href="{html.escape(link)}">{html.escape(link)}</a>; this file '
            "needs no network.</p>"
            if link
            else ""
        )
        return f"""<!doctype html>
<html lang="en" style="{root_style};color-scheme:{"dark" if self.dark else "light"}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{html.escape(title)} · Point or Cloud</title><style>{style}</style></head>
<body><main>{body}{source}</main>
<script type="application/json" id="files">{embedded(json.dumps(self.files))}</script>
<script type="application/json" id="components">{embedded(json.dumps(self.components))}</script>
<script>{script}</script></body></html>
""".encode()


def component_data(component: Any) -> Any:
    """The data that a component was sent, from Streamlit's message about it; None if there is none."""
    return json.loads(component.json or (component.mixed.json if component.HasField("mixed") else "") or "null")


def _image_type(data: bytes) -> str:
    """The subtype of image/..., from the first bytes of a file."""
    if data.lstrip()[:4] in (b"<svg", b"<?xm"):
        return "svg+xml"
    if data[:3] == b"GIF":
        return "gif"
    return "jpeg" if data[:2] == b"\xff\xd8" else "png"


def embedded(text: str) -> str:
    """JSON for a script element: "<" is escaped, so that no text can end the element."""
    return text.replace("<", "\\u003c")
