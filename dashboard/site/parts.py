"""The parts of a recorded page that stand by themselves: texts, images and components, as HTML.

Structure and `data-testid` attributes are those of Streamlit's own page, so that the project's style sheets (frame.css,
presenter.css) and scripts apply to both. Addresses are written as `site:...`, to be resolved by whoever writes the
file: `site:media/...` for a file, `site:view/...` for another view.
"""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from dashboard.export.page_file import ADDRESS, KEYED, component_data
from dashboard.site.controls import Controls
from dashboard.site.recorder import UNKNOWN, View

PREFIX = "point_or_cloud_"
# Components that only talk to the server: the colour scheme and the address are the browser's own business here.
SILENT = {f"{PREFIX}color_scheme", f"{PREFIX}report_address"}
# Components whose only purpose is to send a choice to the server.
NEEDS_SERVER = {f"{PREFIX}picker", f"{PREFIX}pad"}
INLINE = 1500  # characters; longer data of a component are in a file

escape = html.escape


class Target(Protocol):
    """What the elements need to know of the site around them."""

    def media(self, address: str) -> str:
        """The site's name for a media file of the recording, e.g. "media/0123.png"."""
        ...

    def text_file(self, folder: str, text: str, suffix: str) -> str:
        """Keep a text as a file; returns its name."""
        ...

    def href(self, page: str, query: Mapping[str, str], strict: bool = False) -> str | None:
        """The view of the site for an address of the dashboard; None if there is none.

        A parameter that no view has is ignored, or with `strict` a reason against every view.
        """
        ...

    def component(self, name: str, source: Mapping[str, str]) -> None:
        """Keep a component's script, markup and style sheet."""
        ...


@dataclass
class Written:
    """What is worth knowing about a page after it has been written.

    Attributes:
        fixed: labels of controls that show a value that cannot be changed here.
        components: names of the components on it.
    """

    fixed: list[str] = field(default_factory=list)
    components: list[str] = field(default_factory=list)


class Parts(Controls):
    """Turns the parts of one view into HTML; a method `_kind` for each kind of element.

    Args:
        view: its light recording; `other`: the same in dark.
        site: see `Target`.
        leads: for buttons, the address that each leads to, by id.
        event_links: for components, by id: trigger -> value -> address.
        binds: for components, by name: URL parameter -> path in their data.
    """

    def __init__(
        self,
        view: View,
        other: View,
        site: Target,
        leads: Mapping[str, tuple[str, dict[str, str]]],
        event_links: Mapping[str, Mapping[str, Mapping[str, tuple[str, dict[str, str]]]]],
        binds: Mapping[str, Mapping[str, Any]],
        state: Mapping[str, str],
        ahead: Callable[[str], bool],
    ) -> None:
        super().__init__(lambda _: None)
        self.view, self.other, self.site = view, other, site
        self.leads, self.event_links, self.binds = leads, event_links, binds
        self.state, self.ahead = state, ahead
        self.sets: Mapping[str, Any] = {}  # by component: trigger -> the parameter of the address that it sets
        self.written = Written()

    # ---- text ----

    def icon(self, name: str) -> str:
        """A Material icon; the name is the ligature of Streamlit's own icon font."""
        return f'<span class="icon" aria-hidden="true">{name}</span>'

    def colored(self, color: str, inside: str) -> str:
        """Text in one of Streamlit's colours; site.css knows their values in light and dark."""
        return f'<span class="c-{color}">{inside}</span>'

    def text(self, body: str, inline: bool = False) -> str:
        """Streamlit's markdown as HTML; a wide table gets its own scroll bar."""
        out = super().text(body, inline)
        return out.replace("<table>", '<div class="wide" tabindex="0"><table>').replace("</table>", "</table></div>")

    # ---- elements ----

    def _heading(self, e: Any) -> str:
        return f'<div data-testid="stHeading"><{e.tag}>{self.text(e.body, inline=True)}</{e.tag}></div>'

    def _markdown(self, e: Any) -> str:
        kinds = type(e).Type
        if e.element_type == kinds.DIVIDER:
            return super()._markdown(e)
        name = "stCaptionContainer" if e.element_type == kinds.CAPTION else "stMarkdown"
        return f'<div data-testid="{name}">{self.text(e.body)}</div>'

    def _html(self, e: Any) -> str:
        return f'<div data-testid="stHtml">{e.body}</div>'

    def _alert(self, e: Any) -> str:
        icon = self.text(e.icon, inline=True) if e.icon else ""
        return f'<div class="note" role="note" data-testid="stAlert">{icon}<div>{self.text(e.body)}</div></div>'

    def _empty(self, _: Any) -> str:
        return ""

    def _code(self, e: Any) -> str:
        return f'<pre tabindex="0"><code>{escape(e.code_text)}</code></pre>'

    def _page_link(self, e: Any) -> str:
        from urllib.parse import parse_qsl

        words = self.labelled(e.icon, e.label)
        attributes = 'class="page-link" data-testid="stPageLink-NavLink"'
        if e.external:
            return f'<a href="{escape(e.page)}" {attributes}>{words}</a>'
        # The page's own setting goes along, as Streamlit keeps the shared controls from page to page.
        kept = {k: v for k, v in self.state.items() if k in ("data", "latent", "seed")}
        return self._link(e.page, {**kept, **dict(parse_qsl(e.query_string))}, words, attributes)

    def _metric(self, e: Any) -> str:
        return (
            f'<div class="metric" data-testid="stMetric"><div class="label">{self.text(e.label, inline=True)}'
            f'{self.help(e.help)}</div><div class="value">{escape(e.body)}</div></div>'
        )

    def _imgs(self, e: Any) -> str:
        out: list[str] = []
        for image in e.imgs:
            if UNKNOWN in image.alt:
                continue  # the QR code of an address that nobody has given
            address = image.url
            if address.startswith("/media/") or (len(address) > INLINE and address.startswith("data:")):
                address = f"site:{self.site.media(address)}"
            caption = f"<figcaption>{self.text(image.caption, inline=True)}</figcaption>" if image.caption else ""
            out.append(
                f'<figure data-testid="stImage">'
                f'<img src="{escape(address)}" alt="{escape(image.alt)}" decoding="async">'
                f"{caption}</figure>"
            )
        return "".join(out)

    def _progress(self, e: Any) -> str:
        words = f'<div class="label">{self.text(e.text, inline=True)}</div>' if e.text else ""
        return f'{words}<progress max="100" value="{e.value}" aria-label="Progress">{e.value} %</progress>'

    def _space(self, _: Any) -> str:
        return ""

    # ---- components ----

    def component(self, e: Any, dark: Any) -> str:
        """The place of a component, with its data in both colour schemes, and where its messages lead."""
        if e.component_name in SILENT:
            return ""
        if e.component_name in NEEDS_SERVER:
            self.written.fixed.append(e.component_name)
            return ""
        self.written.components.append(e.component_name)
        self.site.component(
            e.component_name,
            {
                "js": e.js_content,
                "html": e.html_content,
                "css": e.css_content,
                "isolated": "1" if e.isolate_styles else "",
            },
        )
        named = KEYED.match(e.id)
        attributes = {"data-name": e.component_name, "data-key": named[1] if named else ""}
        given, given_dark = self.given(e), self.given(dark)
        attributes |= self.data("given", given)
        if given_dark != given:
            attributes |= self.data("dark", given_dark)
        if by_trigger := self.event_links.get(e.id):
            links = {
                trigger: {value: address for value, to in values.items() if (address := self.site.href(*to))}
                for trigger, values in by_trigger.items()
            }
            attributes["data-event-links"] = json.dumps(links)
        if sets := self.sets.get(e.component_name):
            attributes["data-sets"] = json.dumps(sets)
        if bound := self.binds.get(e.component_name):
            attributes["data-binds"] = json.dumps(bound)
        words = "".join(f' {name}="{escape(value)}"' for name, value in attributes.items())
        return f'<div class="component"{words}></div>'

    def given(self, e: Any) -> str:
        """A component's data as JSON, with the site's addresses."""
        data = json.dumps(component_data(e), ensure_ascii=False, separators=(",", ":"))
        return ADDRESS.sub(lambda found: f"site:{self.site.media(found[0])}", data)

    def data(self, name: str, given: str) -> dict[str, str]:
        """The attribute that holds data, or names their file."""
        if len(given) <= INLINE:
            return {f"data-{name}": given}
        return {f"data-{name}": f"site:{self.site.text_file('data', given, '.gz.bin')}"}
