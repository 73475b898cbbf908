"""The app's address as a visitor's browser sees it, for links, QR codes and saved pages.

The server cannot know this by itself. `server.baseUrlPath` may be set, a reverse proxy may have removed a prefix from
the path, and a host may show the app in a frame. Only the browser knows, so the root of the app is worked out from the
address of the page there: all pages are one path segment deep, so the root is the page's folder.

Streamlit sends the address along with every rerun, but inside a frame of the same origin it sends that of the outermost
window. On Streamlit Community Cloud that happens to be the public address; elsewhere (JupyterLab, a course page that
frames the app) it is another page altogether. So a component compares (address.js, with the same rules as here) and
reports the root once if it is a different one; `root` prefers what was reported.
"""

from __future__ import annotations

import re
from urllib.parse import urlencode, urljoin, urlsplit, urlunsplit

import streamlit as st

from dashboard.components.report_address import mount_address
from dashboard.session import state

# Community Cloud serves the app under this path, in a frame of the page at the public address, which has the same path.
COMMUNITY_CLOUD = "~/+/"
# Parameters of a site that shows the app in a frame; Hugging Face's __sign is a secret.
HOSTS = re.compile(r"embed|embed_options|__.*")
MOST = 2000  # characters
_ROOT, _PAGE, _KEY = "_root", "_page", "address"


def root_of(url: str) -> str:
    """The root of the app, ending with "/", from the address of any of its pages; "" if that is not a web address.

    http://host/vae/demo/latent_maps?seed=1  ->  http://host/vae/demo/
    https://name.streamlit.app/~/+/          ->  https://name.streamlit.app/
    """
    try:
        parts = urlsplit(urljoin(url, "."))
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not parts.netloc or len(url) > MOST or re.search(r"[\s<>\"]", url):
        return ""
    path = parts.path or "/"
    if path.endswith("/" + COMMUNITY_CLOUD):
        path = path.removesuffix(COMMUNITY_CLOUD)
    return urlunsplit((parts.scheme, parts.netloc, path, "", ""))


def root() -> str:
    """The root of the app in this visitor's browser; "" where there is no browser."""
    return state.get(_ROOT) or root_of(_sent())


def link() -> str:
    """The address of this page as it is now, with the choices made on it; "" where there is no browser."""
    found = root()
    if not found:
        return ""
    query = urlencode({name: value for name, value in state.parameters().items() if not HOSTS.fullmatch(name)})
    return f"{found}{state.get(_PAGE, '')}{'?' if query else ''}{query}"


def set_page(page: str) -> None:
    """Note which page is shown: its `url_path`, "" for the Start page."""
    state.put(_PAGE, page)


def watch() -> None:
    """Draw an invisible component that reports the app's root if Streamlit's is wrong."""
    if root():
        mount_address(root(), _KEY, _reported)


def _reported() -> None:
    value = state.get(_KEY)
    found = value.get("root") if hasattr(value, "get") else None
    if isinstance(found, str) and root_of(found) == found:
        state.put(_ROOT, found)


def _sent() -> str:
    """The address that the browser has sent with this rerun.

    `st.context.url` cannot be used, because it removes the name of a page from the end wherever it occurs, for instance
    "samples" from https://lab.example/my-samples/.
    """
    from streamlit.runtime.scriptrunner import get_script_run_ctx

    context = get_script_run_ctx()
    sent = getattr(getattr(context, "context_info", None), "url", "")
    return sent or st.context.url or ""
