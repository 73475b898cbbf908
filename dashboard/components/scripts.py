"""How the code of a component reaches the page: it is registered, and the files that its script imports are bundled.

A component has a folder with `__init__.py`, its Python side, and a script with a default export, and where needed
markup and a style sheet; these three have the folder's name. Scripts are ordinary modules with `import` lines, so that
Node, the type checker and editors understand them. But Streamlit sends a component's JavaScript to the browser as one
module without an address, which cannot import other files, and a page saved as one HTML file has no server at all. So
`joined` puts every imported module in front, once and in order, each as a function that is called immediately and
returns what the module exports:

    const $web_kernels = (() => { const PANEL = 8; return { PANEL }; })();
    const { PANEL } = $web_kernels;    // import { PANEL } from "../../web/kernels.js";

What a module does not export stays local to it: two modules may use the same name. Comments that fill whole lines are
left out: they are a third of the text. Style sheets are put together in the same way: `@import "../../web/lanes.css";`
stands for the rules of that file.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from streamlit.components import v2

DASHBOARD = Path(__file__).parents[1]
COMPONENTS, WEB = DASHBOARD / "components", DASHBOARD / "web"

IMPORT = re.compile(r'^import \{([^}]*)\} from "([^"]*)";$', re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:async )?(?:const|class|function)\*? (\w+))", re.MULTILINE)
# A text, which is kept whatever it holds, or a comment on lines of its own.
TEXT_OR_COMMENT = re.compile(
    r"""("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)"""
    r"""|^[ \t]*(?:/\*(?:(?!\*/).)*\*/[ \t]*|//[^\n]*)(?:\n|\Z)""",
    re.MULTILINE | re.DOTALL,
)
STYLE_IMPORT = re.compile(r'^@import "([^"]*)";\n', re.MULTILINE)
OTHER_FORM = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)


def register(name: str, *, base: bool = True, **options: Any) -> Callable[..., Any]:
    """The function that mounts the component in the folder `name`; call it once, when the module is imported.

    Args:
        base: whether its style sheet follows base.css, which gives buttons, canvases and text the page's look.
        options: of `st.components.v2.component`.
    """
    folder = COMPONENTS / name
    markup = folder / f"{name}.html"
    return v2.component(
        f"point_or_cloud_{name}",
        html=text(markup) if markup.exists() else None,
        css=styles(folder / f"{name}.css", base=base) or None,
        js=joined(folder / f"{name}.js"),
        **options,
    )


def styles(path: Path, *, base: bool = False) -> str:
    """A style sheet after those that it imports, each of them once; "" if there is none.

    Args:
        base: whether base.css comes before all others.

    Raises:
        ValueError: it imports a file that does not exist, or a file that imports it.
    """
    sheets: dict[Path, str] = {}

    def add(path: Path, chain: tuple[Path, ...]) -> None:
        if path in chain:
            raise ValueError(f"{' imports '.join(map(_name, (*chain, path)))}: a circular import.")
        if not path.is_file():
            raise ValueError(f"{_name(chain[-1])} imports {_name(path)}, which does not exist.")
        source = text(path)
        for other in STYLE_IMPORT.findall(source):
            add((path.parent / other).resolve(), (*chain, path))
        sheets.setdefault(path, STYLE_IMPORT.sub("", source))

    for sheet in [*([WEB / "base.css"] if base else []), *([path] if path.exists() else [])]:
        add(sheet, ())
    return "\n".join(sheets.values())


def text(path: Path) -> str:
    """A script or style sheet as text."""
    return path.read_text(encoding="utf-8")


def joined(path: Path) -> str:
    """A module with everything it imports, as one module that imports nothing.

    Raises:
        ValueError: see `bundled`.
    """
    return bundled(text(path), path)


def bundled(code: str, path: Path = DASHBOARD / "inline.js") -> str:
    """As `joined`, for code that is not in a file: its imports are relative to `path`.

    Raises:
        ValueError: an import or export in a form that is not understood, of a file that does not exist, of a name
            that the file does not export, or a circular import.
    """
    modules: dict[Path, str] = {}
    exports: dict[Path, list[str]] = {}

    def add(path: Path, chain: tuple[Path, ...]) -> None:
        if path in chain:
            raise ValueError(f"{' imports '.join(map(_name, (*chain, path)))}: a circular import.")
        if path in exports:
            return
        if not path.is_file():
            raise ValueError(f"{_name(chain[-1])} imports {_name(path)}, which does not exist.")
        source = linked(uncommented(text(path)), path, (*chain, path))
        exports[path] = EXPORT.findall(source)
        source = EXPORT.sub("", source)
        if found := OTHER_FORM.search(source):
            raise ValueError(f'{_name(path)}: "{found[0]}" is a form of import or export that is not supported here.')
        modules[path] = (
            f"const {_variable(path)} = (() => {{\n{source}\nreturn {{ {', '.join(exports[path])} }};\n}})();"
        )

    def linked(source: str, path: Path, chain: tuple[Path, ...]) -> str:
        """The code with its import lines replaced by the names they import."""

        def link(found: re.Match[str]) -> str:
            target = (path.parent / found[2]).resolve()
            add(target, chain)
            wanted = [name.strip() for name in found[1].split(",") if name.strip()]
            for name in wanted:
                if name.split(" as ")[0] not in exports[target]:
                    raise ValueError(f"{_name(path)} imports {name} from {_name(target)}, which does not export it.")
            names = ", ".join(name.replace(" as ", ": ") for name in wanted)
            return f"const {{ {names} }} = {_variable(target)};"

        return IMPORT.sub(link, source)

    entry = linked(uncommented(code), path, (path,))
    if found := re.search(r"^import\b.*", entry, re.MULTILINE):
        raise ValueError(f'{_name(path)}: "{found[0]}" is a form of import that is not supported here.')
    return "\n".join([*modules.values(), entry])


def uncommented(code: str) -> str:
    """A script without the comments that fill whole lines; those beside code stay."""
    return TEXT_OR_COMMENT.sub(lambda found: found[1] or "", code)


def _name(path: Path) -> str:
    """A path for messages, relative to `dashboard` if it is inside."""
    return path.relative_to(DASHBOARD).as_posix() if path.is_relative_to(DASHBOARD) else path.name


def _variable(path: Path) -> str:
    """The name of a module in a joined script."""
    return "$" + re.sub(r"\W", "_", _name(path).removesuffix(".js"))
