"""A visitor without a browser: speaks to a real server as Streamlit's own page does (a websocket and protocol buffers).

A browser takes half a core; fifty of them would measure themselves. What a page costs the server is the same.
"""

from __future__ import annotations

import asyncio
import re
import time
import urllib.error
import urllib.request
from collections.abc import Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import websockets
from streamlit.proto.Alert_pb2 import Alert
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState

from tests.faults.fetched import fetched

PATIENCE = 60.0
SHELL = re.compile(
    rb"(?:src|href)=\"\./(static/[^\"]+)\""
)  # what index.html names: Streamlit's own scripts, style and font
ON_SERVER = {"train_in": "the server"}  # of the page KL weight
PAGES = ("", "latent_maps", "one_image", "samples", "interpolation", "kl_weight")


@dataclass
class Shown:
    """What one run of a page sent."""

    seconds: float = 0.0
    bytes: int = 0
    words: list[str] = field(default_factory=list)
    alerts: list[tuple[str, str]] = field(default_factory=list)  # (ERROR, WARNING or INFO, text)
    exceptions: list[str] = field(default_factory=list)
    buttons: dict[str, str] = field(default_factory=dict)  # label -> widget id
    uploaders: list[str] = field(default_factory=list)
    media: set[str] = field(default_factory=set)
    pages: list[str] = field(default_factory=list)

    def add(self, message: ForwardMsg) -> None:
        kind = message.WhichOneof("type")
        if kind == "navigation":
            self.pages = [page.url_pathname for page in message.navigation.app_pages]
        if kind != "delta" or message.delta.WhichOneof("type") != "new_element":
            return
        element = message.delta.new_element
        name = element.WhichOneof("type")
        if name == "alert":
            self.alerts.append((Alert.Format.Name(element.alert.format), element.alert.body))
        elif name == "exception":
            self.exceptions.append(f"{element.exception.type}: {element.exception.message}")
        elif name in ("markdown", "heading", "text"):
            self.words.append(getattr(element, name).body)
        elif name == "button":
            self.buttons[element.button.label] = element.button.id
        elif name == "file_uploader":
            self.uploaders.append(element.file_uploader.id)

    @property
    def errors(self) -> list[str]:
        """What no visitor should ever see."""
        sorry = [text for kind, text in self.alerts if "an unexpected error occurred" in text or "Traceback" in text]
        return self.exceptions + sorry

    @property
    def text(self) -> str:
        return "\n".join([*self.words, *(text for _, text in self.alerts)])


def run(task: Coroutine) -> Any:
    """`asyncio.run`, also where an event loop is running already: in a thread of its own."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, task).result()


@dataclass
class Browser:
    """What a visitor's browser keeps from one session to the next."""

    cookie: str = ""
    files: set[str] = field(default_factory=set)  # addresses that are in its cache


class Visitor:
    """One session. Use as `async with Visitor(url) as visitor`.

    Args:
        browser: with one, pictures, networks and scripts are fetched as by a browser (see `tests.faults.fetched`), once
            each; without, only what the protocol needs.
    """

    def __init__(self, url: str, browser: Browser | None = None):
        self.url, self.browser = url.rstrip("/"), browser
        self.session = ""
        self.cookie = browser.cookie if browser else ""

    async def __aenter__(self) -> Visitor:
        headers = await asyncio.to_thread(self._arrive)
        where = self.url.replace("http", "ws", 1) + "/_stcore/stream"
        more = {"Cookie": self.cookie, "Origin": self.url}
        self.socket = await websockets.connect(
            where, subprotocols=["streamlit", headers], additional_headers=more, max_size=None, open_timeout=PATIENCE
        )
        return self

    async def __aexit__(self, *_: Any) -> None:
        await self.socket.close()

    def _arrive(self) -> str:
        """Fetch what a browser fetches first; keeps the XSRF cookie and returns its token."""
        index = self.fetch("/")
        if self.browser:
            for path in sorted({"/" + name.decode() for name in SHELL.findall(index)} - self.browser.files):
                self.fetch(path)
                self.browser.files.add(path)
        if not self.cookie:
            with urllib.request.urlopen(self.url + "/_stcore/health", timeout=PATIENCE) as answer:
                self.cookie = (answer.headers["set-cookie"] or "").partition(";")[0]
        if self.browser:
            self.browser.cookie = self.cookie
        return self.cookie.partition("=")[2]

    def fetch(self, path: str) -> bytes:
        with urllib.request.urlopen(
            urllib.request.Request(self.url + path, headers={"Cookie": self.cookie}), timeout=PATIENCE
        ) as answer:
            return answer.read()

    async def open(
        self,
        page: str = "",
        query: Mapping[str, str] | str = "",
        widgets: Mapping[str, Any] | None = None,
        trains: bool = False,
    ) -> Shown:
        """Run a page and wait until it is drawn, its files fetched.

        Args:
            query: as the address bar has it.
            widgets: widget id -> True for a button that is pressed, or a WidgetState's field and value.
            trains: whether the browser then trains a network, so that its images are fetched.
        """
        message = BackMsg()
        state = message.rerun_script
        state.page_name = page
        state.query_string = query if isinstance(query, str) else urlencode(query)
        state.context_info.timezone, state.context_info.locale, state.context_info.url = (
            "UTC",
            "en",
            f"{self.url}/{page}",
        )
        for name, value in (widgets or {}).items():
            state.widget_states.widgets.append(
                value if isinstance(value, WidgetState) else WidgetState(id=name, trigger_value=True)
            )
        shown, began = Shown(), time.perf_counter()
        await self.socket.send(message.SerializeToString())
        await asyncio.wait_for(self._receive(shown, trains), PATIENCE)
        if self.browser:
            new = sorted(shown.media - self.browser.files)
            shown.bytes += sum(map(len, await asyncio.gather(*(asyncio.to_thread(self.fetch, path) for path in new))))
            self.browser.files.update(new)
        shown.seconds = time.perf_counter() - began
        return shown

    async def _receive(self, shown: Shown, trains: bool) -> None:
        started = False
        while True:
            data = await self.socket.recv()
            shown.bytes += len(data)
            message = ForwardMsg.FromString(data)
            shown.media |= fetched(message, data, trains)
            kind = message.WhichOneof("type")
            if kind == "new_session":
                started = True
                if message.new_session.initialize.session_id:
                    self.session = message.new_session.initialize.session_id
            shown.add(message)
            if kind == "script_finished" and started and message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
                return

    async def upload(self, name: str, data: bytes) -> tuple[int, Any]:
        """Send a file; returns the HTTP status and, where it was taken, what a file uploader's state needs."""
        message = BackMsg()
        message.file_urls_request.request_id = "r"
        message.file_urls_request.session_id = self.session
        message.file_urls_request.file_names.append(name)
        await self.socket.send(message.SerializeToString())
        while True:
            answer = ForwardMsg.FromString(await asyncio.wait_for(self.socket.recv(), PATIENCE))
            if answer.WhichOneof("type") == "file_urls_response":
                break
        urls = answer.file_urls_response.file_urls[0]
        status = await asyncio.to_thread(self._put, urls.upload_url, name, data)
        return status, urls

    def _put(self, path: str, name: str, data: bytes) -> int:
        edge = "----------------part"
        safe = name.encode("ascii", "replace").decode().replace('"', "'").replace("\r", "").replace("\n", "")
        head = f'Content-Disposition: form-data; name="file"; filename="{safe}"\r\nContent-Type: image/png'
        body = f"--{edge}\r\n{head}\r\n\r\n".encode()
        body += data + f"\r\n--{edge}--\r\n".encode()
        headers = {
            "Cookie": self.cookie,
            "X-Xsrftoken": self.cookie.partition("=")[2],
            "Content-Type": f"multipart/form-data; boundary={edge}",
        }
        try:
            with urllib.request.urlopen(
                urllib.request.Request(self.url + path, body, headers, method="PUT"), timeout=PATIENCE
            ) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            with error:
                return error.code
        except OSError:  # the server hung up in the middle of something too large
            return 413
