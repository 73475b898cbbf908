"""Which of Streamlit's scripts a page will need, named in its head, so that the browser fetches them at once.

Streamlit fetches the script of a kind of element when the first such element arrives: up to 45 files more, and the
server answers for them only when the page's script, which has the interpreter, lets it. Named in the head, they arrive
while the browser is still busy with Streamlit's main script. A file that is not named is fetched as Streamlit does.
"""

from __future__ import annotations

import functools
import re
from pathlib import Path

# Streamlit's names of the scripts, by the page's address; tests/e2e/test_pages.py compares them with what is fetched.
EVERY_PAGE = ("Html", "BidiComponent")
CHOICES = (*EVERY_PAGE, "ButtonGroup")
PAGES: dict[str, tuple[str, ...]] = {
    "": (*CHOICES, "Button", "ImageList", "Metric", "PageLink"),
    "walkthrough": (*EVERY_PAGE, "Button", "ImageList", "PageLink", "Progress"),
    "own_images": (*CHOICES, "FileUploader"),
    "latent_maps": CHOICES,
    "one_image": (*CHOICES, "Checkbox", "FileUploader"),
    "training": (*CHOICES, "NumberInput"),
    "samples": (*CHOICES, "DownloadButton"),
    "interpolation": (*CHOICES, "DownloadButton"),
    "kl_weight": (*CHOICES, "Button", "Checkbox", "ImageList", "NumberInput", "Selectbox"),
    "scorecard": (*CHOICES, "PageLink"),
    "uses": (*CHOICES, "NumberInput", "Slider"),
}
IMPORTED = re.compile(r"""(?:\bfrom|\bimport)\s*["'`]\./([\w.-]+\.js)["'`]""")
NAMED = re.compile(r'static/js/([\w.-]+\.js)"')


def links(page: str) -> str:
    """The `<link>` elements for a page: Streamlit's scripts for its elements, with all that these import.

    Args:
        page: its address, "" for the first page. A page that is not in `PAGES` has no links.
    """
    return _links(PAGES[page]) if page in PAGES else ""  # whatever strangers ask for, the cache stays small


@functools.cache
def _links(elements: tuple[str, ...]) -> str:
    import streamlit

    static = Path(streamlit.__file__).parent / "static"
    scripts = static / "static" / "js"
    known = set(NAMED.findall((static / "index.html").read_text(encoding="utf-8")))
    found: dict[str, None] = {}  # in the order in which they are found

    def add(name: str) -> None:
        if name not in known and name not in found:
            found[name] = None
            for other in IMPORTED.findall((scripts / name).read_text(encoding="utf-8")):
                add(other)

    for element in elements:
        for path in scripts.glob(f"{element}.*.js"):
            add(path.name)
    return "".join(f'<link rel="modulepreload" crossorigin href="./static/js/{name}">' for name in found)
