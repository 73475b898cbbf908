"""The dashboard as a public server runs it: the same pages, warm before the first visitor comes, with the headers a page needs.

    streamlit run dashboard/server.py

`streamlit run dashboard/app.py` shows the same on one's own machine, and warms up behind the first page. Streamlit's settings
know no headers, so they are added here, to every answer.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import streamlit as st
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = {
    "x-content-type-options": "nosniff",  # a file is what its type says, whatever it looks like
    "referrer-policy": "same-origin",  # which view somebody looked at is no other site's business
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "content-security-policy": "frame-ancestors 'self' https://huggingface.co",  # a Space is shown in a frame there
}


class Headers:
    """Adds `HEADERS` to every answer that does not have them."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name.lower() for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *((n.encode(), v.encode()) for n, v in HEADERS.items() if n.encode() not in given)]
            await send(message)

        await self.app(scope, receive, sent)


@contextlib.asynccontextmanager
async def life(_: Any) -> AsyncIterator[None]:
    """Import what takes seconds before anybody is served: the server is well only then."""
    from core import settings
    from dashboard import cache

    with contextlib.suppress(settings.SettingError):  # the page will say what is wrong
        if settings.value("WARM"):
            await asyncio.to_thread(cache.load_networks)
    yield


app = st.App("app.py", lifespan=life, middleware=[Middleware(Headers)])
