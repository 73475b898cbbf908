"""Runs the app's own script without a web server and records what it sends to a browser.

    with Recorder() as recorder:
        view = recorder.view("latent_maps", {"latent": "2"}, dark=False)
        view.main, view.sidebar     # trees of elements, as on screen
        view.where(button_id)       # the page and the parameters that a click on a button leads to

This is Streamlit's own runtime with one visitor per view, so deep links, colour scheme, callbacks, navigation, media
files and components are exactly those of the dashboard.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

from core.errors import UserFacingError
from dashboard.export import capture
from dashboard.export.capture import Node

APP = Path(__file__).parents[1] / "app.py"
UNKNOWN = "https://point-or-cloud.invalid/"  # stands for the site's address while nobody has given it
PATIENCE = 60.0  # seconds for one view


class SiteError(UserFacingError, RuntimeError):
    """The site cannot be built. The message names the page and the reason."""


Where = tuple[str, dict[str, str]]


@dataclass
class View:
    """What one visitor sees.

    Attributes:
        page, query: where it is: the page's `url_path` and the parameters of its address.
        main, sidebar: the elements of the page and of the sidebar.
        pages: every page of the navigation in order, as (section, url_path, title, icon).
        where: (page, query) to which a click on the button with this id leads; None if it leads nowhere else.
        after_event: the same for a component's trigger: (id of the component, name of the trigger, value).
    """

    page: str
    query: dict[str, str]
    main: Node
    sidebar: Node
    pages: list[tuple[str, str, str, str]]
    where: Callable[[str], Where | None] = field(repr=False)
    after_event: Callable[[str, str, Any], Where | None] = field(repr=False)

    def still(self) -> View:
        """The same after its visitor has left: nothing can be asked any more, and it can go to another process."""
        return replace(self, where=_gone, after_event=_gone)


def _gone(*_: Any) -> None:
    return None


class _Visitor:
    """The client of one session; `idle` is set when its script has come to rest."""

    client_context = None

    def __init__(self) -> None:
        self.idle = threading.Event()
        self.messages: list[Any] = []
        self.page = ""
        self.query = ""
        self.pages: list[Any] = []
        self.sections: list[str] = []
        self.failed = ""

    def write_forward_msg(self, msg: Any) -> None:
        """Receive a message as a browser would."""
        kind = msg.WhichOneof("type")
        if kind == "new_session":
            self.messages.clear()
        elif kind == "delta":
            self.messages.append(msg)
        elif kind == "navigation":
            self.pages, self.sections = list(msg.navigation.app_pages), list(msg.navigation.sections)
            chosen = [p for p in self.pages if p.page_script_hash == msg.navigation.page_script_hash]
            self.page = "" if not chosen or chosen[0].is_default else chosen[0].url_pathname
        elif kind == "page_info_changed":
            self.query = msg.page_info_changed.query_string
        elif kind == "page_not_found":
            self.failed = "there is no such page"
        elif kind == "script_finished":
            states = type(msg)
            if msg.script_finished != states.FINISHED_EARLY_FOR_RERUN:
                self.idle.set()


class Recorder:
    """Streamlit's runtime for the app, in this process, without a web server."""

    def __init__(self, address: str = UNKNOWN, script: Path = APP) -> None:
        self.address, self.script = address, script

    def __enter__(self) -> Recorder:
        from streamlit import config, logger
        from streamlit.runtime import Runtime, RuntimeConfig
        from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage
        from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
        from streamlit.runtime.scriptrunner import get_script_run_ctx

        from dashboard.cache import server

        # After every view Streamlit would look at every module's file, and at all objects of torch: 0.2 s each.
        config.set_option("server.fileWatcherType", "none")
        config.set_option("runner.postScriptGC", False)
        self.level = logger._global_log_level
        logger.set_log_level(logging.ERROR)  # nobody reads advice to the pages' authors here
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, name="site-recorder", daemon=True)
        self.thread.start()
        self.runtime = Runtime(
            RuntimeConfig(
                script_path=str(self.script),
                media_file_storage=MemoryMediaFileStorage("/media"),
                uploaded_file_manager=MemoryUploadedFileManager("/_stcore/upload_file"),
            )
        )
        self._call(self.runtime.start())
        self.contexts: dict[str, Any] = {}  # of each session's last run
        self.switches: dict[tuple[str, str], Where | None] = {}  # pages to which a script goes after a click
        self.page_begins = server.page_begins

        def begins() -> None:
            context = get_script_run_ctx()
            if context is not None:
                self.contexts[context.session_id] = context
            self.page_begins()

        server.page_begins = begins
        return self

    def __exit__(self, *_: object) -> None:
        from streamlit import logger
        from streamlit.runtime import Runtime

        from dashboard.cache import server

        server.page_begins = self.page_begins
        self.loop.call_soon_threadsafe(self.runtime.stop)
        with contextlib.suppress(Exception):
            self._call(self.runtime.stopped)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.loop.close()
        Runtime._instance = None  # a process may have another one later
        logger.set_log_level(self.level)

    def _call(self, awaitable: Any) -> Any:
        async def wait() -> Any:
            return await awaitable

        return asyncio.run_coroutine_threadsafe(wait(), self.loop).result(PATIENCE)

    def _soon(self, function: Callable[..., Any], *args: Any) -> Any:
        async def call() -> Any:
            return function(*args)

        return asyncio.run_coroutine_threadsafe(call(), self.loop).result(PATIENCE)

    @contextlib.contextmanager
    def view(self, page: str, query: Mapping[str, str], dark: bool = False) -> Iterator[View]:
        """A page at an address, as a new visitor sees it. Its media files exist until the block ends.

        Args:
            page: its `url_path`; "" for the Start page.

        Raises:
            SiteError: the page does not come to rest, or there is no such page.
        """
        with self._session(query) as (visitor, session):
            yield self._run(visitor, session, page, dark)

    @contextlib.contextmanager
    def _session(self, query: Mapping[str, str]) -> Iterator[tuple[_Visitor, str]]:
        visitor = _Visitor()
        session = self._soon(self.runtime.connect_session, visitor, {})
        visitor.query = urlencode(query)
        try:
            yield visitor, session
        finally:
            self._soon(self.runtime.close_session, session)
            self.contexts.pop(session, None)

    def _run(self, visitor: _Visitor, session: str, page: str, dark: bool, **widget: Any) -> View:
        from streamlit.proto.BackMsg_pb2 import BackMsg

        message = BackMsg()
        client = message.rerun_script
        client.query_string, client.page_name = visitor.query, page
        if widget:
            state = client.widget_states.widgets.add()
            for name, value in widget.items():
                setattr(state, name, value)
        context = client.context_info
        context.url, context.color_scheme = self.address + page, "dark" if dark else "light"
        context.timezone, context.locale = "UTC", "en"
        visitor.idle.clear()
        self._soon(self.runtime.handle_backmsg, session, message)
        if not visitor.idle.wait(PATIENCE) or visitor.failed:
            why = visitor.failed or f"it did not come to rest within {PATIENCE:g} seconds"
            raise SiteError(f"The page {page or 'start'!r} with {visitor.query!r} cannot be recorded: {why}.")

        query = dict(parse_qsl(visitor.query, keep_blank_values=True))
        pages = [(p.section_header, "" if p.is_default else p.url_pathname, p.page_name, p.icon) for p in visitor.pages]
        context = self.contexts.get(session)
        here = visitor.page

        def where(button: str) -> Where | None:
            found = self._callback(context, id=button, trigger_value=True)
            if found is None or found != query:
                return None if found is None else (here, found)
            # No callback, or one that changed nothing: the script itself may go to another page.
            if (here, button) not in self.switches:
                with self._session(query) as (other, fresh):
                    self._run(other, fresh, here, dark)
                    after = self._run(other, fresh, here, dark, id=button, trigger_value=True)
                self.switches[here, button] = (after.page, after.query) if after.page != here else None
            return self.switches[here, button]

        def after_event(component: str, trigger: str, value: Any) -> Where | None:
            name = f"$$STREAMLIT_INTERNAL_KEY_{component}__events"
            said = json.dumps([{"event": trigger, "value": value}])
            found = self._callback(context, id=name, json_trigger_value=said)
            return None if found is None or found == query else (here, found)

        return View(here, query, _tree(visitor.messages, 0), _tree(visitor.messages, 1), pages, where, after_event)

    def _callback(self, context: Any, **widget: Any) -> dict[str, str] | None:
        """The query after the callbacks of one widget, without running the page; None if they failed."""
        from streamlit.proto.WidgetStates_pb2 import WidgetStates
        from streamlit.runtime.scriptrunner import add_script_run_ctx

        states = WidgetStates()
        state = states.widgets.add()
        for name, value in widget.items():
            setattr(state, name, value)
        found: list[dict[str, str]] = []

        def call() -> None:
            add_script_run_ctx(threading.current_thread(), context)
            context.shared.widget_ids_this_run.clear()  # callbacks come before the run's widgets
            session = context.session_state  # Streamlit's own object, not the pages' state
            state = session._state
            before = dict(state.query_params._query_params)
            state.on_script_will_rerun(states)
            found.append(state.query_params.to_dict())
            state.query_params._query_params = before

        thread = threading.Thread(target=call, name="site-callback")
        thread.start()
        thread.join(PATIENCE)
        return found[0] if found else None


def _tree(messages: list[Any], root: int) -> Node:
    return capture.tree([m for m in messages if m.metadata.delta_path[:1] == [root]])
