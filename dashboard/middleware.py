"""Additions to Streamlit's HTTP responses for which it has no setting.

Security headers, redirects that work behind a proxy that removes a prefix, a message on the page if a proxy does not
forward WebSocket connections, networks (`dashboard.components.networks`), and serving immutable files from memory.
"""

from __future__ import annotations

import logging
from pathlib import Path
from urllib.parse import quote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core import settings
from dashboard import preloads
from dashboard.components import networks
from dashboard.sockets import send_at_once

HEADERS = {
    "x-content-type-options": "nosniff",  # browsers use the declared type of a file
    "referrer-policy": "same-origin",  # other sites do not learn which page a visitor was on
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
# For networks and images, whose addresses are hashes of their content.
KEPT_BY_BROWSER = "private, immutable, max-age=86400"
STREAM = "_stcore/stream"  # where Streamlit's page opens its WebSocket
OWN = ("_stcore", "app", "component", "media", "static")  # first segments of paths that are not pages
SCRIPT = Path(__file__).parent / "web" / "connection.js"
log = logging.getLogger("point_or_cloud")


def frame_rule() -> str:
    """The Content-Security-Policy that says who may show the pages in a frame: the setting POINT_OR_CLOUD_FRAMES."""
    try:
        origins = settings.value("FRAMES")
    except settings.SettingError:  # the page shows the error
        origins = ()
    return "frame-ancestors " + ("*" if origins is None else " ".join(("'self'", *origins)))


def largest_upload() -> int:
    """The largest file that the server accepts, in MB: a data set or a single image; each page has its own limit."""
    try:
        return max(settings.value("IMPORT_MB"), settings.value("UPLOAD_MB"))
    except settings.SettingError:  # the page shows the error
        return 1


def relative(path: str, target: str) -> str:
    """The relative address that leads from one path of this server to another, independent of any prefix."""
    here, there = path.split("/")[1:-1], target.split("/")[1:]
    while here and len(there) > 1 and here[0] == there[0]:
        here, there = here[1:], there[1:]
    return ("../" * len(here) or "./") + "/".join(there)


class Answers:
    """Adds headers, relative redirects and connection.js; the outermost middleware, so that it sees final responses."""

    def __init__(self, app: ASGIApp):
        from streamlit import config

        self.app = app
        self.headers = {**HEADERS, "content-security-policy": frame_rule()}
        self.base = f"/{config.get_option('server.baseUrlPath').strip('/')}/".replace("//", "/")
        config.set_option("server.maxUploadSize", largest_upload())
        self.script = SCRIPT.read_text(encoding="utf-8")
        self.warned = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":  # the server listens, and has not accepted anything yet
                send_at_once()
            await self.app(scope, receive, send)
            return
        path, answer = scope["path"], self.app
        inside = path.removeprefix(self.base).split("/") if path.startswith(self.base) else []
        page = scope["method"] == "GET" and "text/html" in Headers(scope=scope).get("accept", "")
        if path == self.base + STREAM:
            answer = self.no_upgrade()
        elif page and len(inside) > 1 and inside[-1] and inside[0] not in OWN:
            # No page is that deep, and its scripts would be requested below it: redirect to the last segment.
            answer = RedirectResponse("../" * (len(inside) - 1) + quote(inside[-1]))
        elif len(inside) == 2 and inside[0] == "media" and (network := networks.content(inside[-1])) is not None:
            answer = Response(network, media_type=networks.UNCOMPRESSED)
        if page:  # request it uncompressed, so that the script can be inserted
            scope = {**scope, "headers": [pair for pair in scope["headers"] if pair[0] != b"accept-encoding"]}
        held: Message | None = None

        async def sent(message: Message) -> None:
            nonlocal held
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=message.setdefault("headers", []))
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
                if inside[:1] == ["media"] and message["status"] == 200:
                    headers.setdefault("cache-control", KEPT_BY_BROWSER)
                self.redirect(path, headers, scope)
                html = headers.get("content-type", "").startswith("text/html") and "content-encoding" not in headers
                if page and html and message["status"] == 200:
                    held = message
                    return
            elif held is not None and message["type"] == "http.response.body":
                message = self.with_head(held, message, path == self.base, inside[-1] if inside else "")
                await send(held)
                held = None
            await send(message)

        await answer(scope, receive, sent)

    def redirect(self, path: str, headers: MutableHeaders, scope: Scope) -> None:
        """Make Streamlit's redirects relative, because the browser may see another root than the server."""
        to = urlsplit(headers.get("location", ""))
        if to.path.startswith("/") and to.netloc in ("", Headers(scope=scope).get("host", "")):
            headers["location"] = relative(path, to.path) + (f"?{to.query}" if to.query else "")

    def with_head(self, start: Message, body: Message, root: bool, page: str) -> Message:
        """The first part of a page with connection.js and links to scripts inserted into its head.

        Args:
            start: the message that began the response; its headers are changed.
            body: the part.
            root: whether it is the root of the app.
            page: its address, without the server's.
        """
        part, head, end = body.get("body", b""), b"<head>", b"</head>"
        if head not in part:
            return body
        script = f"<script{' data-root' if root else ''}>{self.script}</script>".encode()
        changed = part.replace(head, head + script, 1).replace(end, preloads.links(page).encode() + end, 1)
        headers = MutableHeaders(raw=start["headers"])
        if "content-length" in headers:
            headers["content-length"] = str(int(headers["content-length"]) + len(changed) - len(part))
        for name in ("etag", "last-modified"):  # these describe the file without the additions
            del headers[name]
        return {**body, "body": changed}

    def no_upgrade(self) -> ASGIApp:
        """The response to a request for the WebSocket without the Upgrade header, which a proxy must have removed."""
        text = (
            "This address is for WebSocket connections, but the request came without the headers Upgrade and "
            "Connection: a proxy in front of this server has to pass them on (docs/hosting.md, “Behind a reverse "
            "proxy”)."
        )
        if not self.warned:
            log.warning(text)
            self.warned = True
        return PlainTextResponse(text, 426, {"upgrade": "websocket", "cache-control": "no-store"})


class ImmutableFiles:
    """Serves files that never change from memory: Streamlit's own scripts and fonts, and the components' files.

    Every new visitor's browser requests about 60 of them at once. Reading one from disk takes several steps in other
    threads, and each step waits for the interpreter lock, which the page scripts also need. From memory it is one
    step. A file counts as immutable if its response has `cache-control: immutable`.
    """

    MOST_BYTES = 48_000_000  # of all files together; Streamlit's own are 25 MB, and a visitor needs about 5

    def __init__(self, app: ASGIApp):
        self.app = app
        self.kept: dict[str, tuple[Message, Message]] = {}
        self.most_bytes = self.MOST_BYTES
        self.bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        if scope["type"] != "http" or scope["method"] != "GET" or _conditional(scope):
            await self.app(scope, receive, send)
            return
        path = scope["path"]
        if path in self.kept:
            start, body = self.kept[path]
            await send({**start, "headers": list(start["headers"])})  # other middleware may add headers
            await send(dict(body))
            return
        started: Message | None = None
        parts: list[bytes] = []

        async def sent(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                headers = Headers(raw=message["headers"])
                immutable = "immutable" in headers.get("cache-control", "") and "vary" not in headers
                if message["status"] == 200 and immutable:
                    started = {**message, "headers": list(message["headers"])}
            elif started is not None and message["type"] == "http.response.body":
                parts.append(message.get("body", b""))
                if not message.get("more_body", False):
                    self._keep(path, started, b"".join(parts))
            await send(message)

        await self.app(scope, receive, sent)

    def _keep(self, path: str, start: Message, body: bytes) -> None:
        whole = Headers(raw=start["headers"]).get("content-length") == str(len(body))
        if whole and path not in self.kept and self.bytes + len(body) <= self.most_bytes:
            self.kept[path] = start, {"type": "http.response.body", "body": body}
            self.bytes += len(body)


def _conditional(scope: Scope) -> bool:
    """Whether a request is for a part of a file, or only for a version newer than the browser's."""
    return any(name in Headers(scope=scope) for name in ("range", "if-none-match", "if-modified-since"))


MIDDLEWARE = [Middleware(Answers), Middleware(ImmutableFiles)]  # outermost first
