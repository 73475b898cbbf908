"""The HTML around a view: head, navigation, controls. Both forms of the site use it."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from core import settings
from dashboard.site.build import TITLE, Page, Site
from dashboard.site.parts import PREFIX

escape = html.escape
SOURCE = "Images are computed by the networks in your browser; nothing is sent anywhere."
FIXED = "Not available here, because it needs the dashboard on a server"


@dataclass(frozen=True)
class Head:
    """What a form puts into the head and at the end of a page.

    Attributes:
        policy: the content security policy.
        head, end: HTML.
        attributes: of the html element.
    """

    policy: str
    head: str
    end: str
    attributes: Mapping[str, str]


def label(text: str) -> str:
    """A label in plain words."""
    return re.sub(r"[*`_]|:\w+\[|\]", "", text)


def document(site: Site, page: Page, form: Head, href: Callable[[str], str]) -> str:
    """A whole page.

    Args:
        href: the address of a "site:..." from this page.
    """
    words = "".join(f' {name}="{escape(value)}"' for name, value in form.attributes.items())
    title = TITLE if page.title == TITLE else f"{page.title} · {TITLE}"
    body = f"""<a class="skip" href="#main">Skip to the content</a>
<header data-testid="stHeader"><button type="button" class="frame-button" data-do="menu" aria-expanded="false"
 aria-controls="pages">Pages</button><b>{TITLE}</b><button type="button" class="frame-button" data-do="theme"
 aria-pressed="false">Dark</button></header>
<aside data-testid="stSidebar" id="pages" aria-label="Pages and settings">{navigation(site, page)}
<div class="controls stack">{page.side}</div>{about()}</aside>
<main id="main" data-testid="stMain" tabindex="-1"><div class="stack" data-testid="stMainBlockContainer">
{page.main}{instead(page)}</div></main>"""
    body = re.sub(r"site:[^\s\"'<>]*", lambda found: href(found[0]), _outside_data(body))
    return f"""<!doctype html>
<html lang="en"{words}>
<head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{form.policy}">
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="referrer" content="same-origin">
<meta name="description" content="{escape(DESCRIPTION)}">
<title>{escape(title)}</title>
{form.head}</head>
<body>{body.replace(DATA_MARK, "site:")}{form.end}</body></html>
"""


DESCRIPTION = "What separates an autoencoder from a variational autoencoder: to see, to touch and to measure."
# Components' data keep the site's own names, which the script resolves; href and src become addresses.
DATA_MARK = "\ufffcsite\ufffc"


def _outside_data(body: str) -> str:
    return re.sub(r' data-(?:given|dark|script)="[^"]*"', lambda found: found[0].replace("site:", DATA_MARK), body)


def navigation(site: Site, page: Page) -> str:
    """Links to all pages, by section, as in the app's sidebar."""
    out: list[str] = []
    sections: dict[str, list[str]] = {}
    kept = {k: v for k, v in page.view.state.items() if k in ("data", "latent")}
    for section, path, title, icon in site.navigation:
        address = site.addresses.href(path, kept) or site.addresses.href(path, {})
        if address is None:
            continue
        current = ' aria-current="page"' if path == page.view.page else ""
        mark = f'<span class="icon" aria-hidden="true">{icon.removeprefix(":material/").rstrip(":")}</span>'
        sections.setdefault(section, []).append(
            f'<li><a data-testid="stSidebarNavLink" href="{address}"{current}>{mark}'
            f"<span>{escape(title)}</span></a></li>"
        )
    for section, links in sections.items():
        head = f"<h2>{escape(section)}</h2>" if section else ""
        out.append(f"{head}<ul>{''.join(links)}</ul>")
    return f'<nav aria-label="Pages">{"".join(out)}</nav>'


def about() -> str:
    """Below the navigation: the colours, and the dashboard with a server."""
    demo = settings.value("DEMO")
    link = (
        f'<p><a href="{escape(demo)}">The dashboard on a server</a> also trains models, and takes uploaded images.</p>'
        if demo
        else ""
    )
    return (
        '<div class="about stack"><button type="button" class="frame-button" data-do="theme" aria-pressed="false">'
        f"Dark page</button><p>{SOURCE}</p>{link}</div>"
    )


def instead(page: Page) -> str:
    """What on this page needs the server, in a sentence."""
    names = {
        "picker": "choosing images from a gallery",
        "pad": "drawing an image",
    }
    found = [
        names.get(name.removeprefix(PREFIX), f"“{label(name)}”") for name in dict.fromkeys(page.fixed) if label(name)
    ]
    return f'<p class="instead">{FIXED}: {", ".join(found)}.</p>' if found else ""


def json_block(name: str, value: object) -> str:
    """Data in a script element that is not a script."""
    from dashboard.export.page_file import embedded

    return f'<script type="application/json" id="{name}">{embedded(json.dumps(value))}</script>'
