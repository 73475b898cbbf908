"""How the code of a component reaches the page: one function registers it, one joins the files that its script imports.

A component lives in a folder of its name: a script with a default export, markup and a style sheet if it has any,
    all three
called like the folder, and `__init__.py`, its Python side. Scripts are ordinary modules with `import` lines, so
Node, the type checker and editors follow them. But Streamlit hands a component's JavaScript to the browser as one
module without an address, which cannot import its neighbours, and a page that was taken home has no server at all.
So `joined` puts every imported module in front, once and in order, each as a function that is called at once and
returns what the module exports:

    const $web_image = (() => { const SIDE = 28; return { SIDE }; })();
    const { SIDE } = $web_image;    // import { SIDE } from "../../web/image.js";

What a module does not export stays its own: two of them may use the same name.
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
OTHER_FORM = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)


def register(name: str, *, base: bool = True, **options: Any) -> Callable[..., Any]:
    """The function that mounts the component in the folder `name`; to be called once, when its module is imported.

    Args:
        base: whether its style sheet follows base.css, which gives buttons, canvases and text the page's look.
        options: of `st.components.v2.component`.
    """
    folder = COMPONENTS / name
    styles = [WEB / "base.css"] * base + [folder / f"{name}.css"]
    css = "\n".join(text(path) for path in styles if path.exists())
    markup = folder / f"{name}.html"
    return v2.component(
        f"point_or_cloud_{name}",
        html=text(markup) if markup.exists() else None,
        css=css or None,
        js=joined(folder / f"{name}.js"),
        **options,
    )


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
    """As `joined`, for code that is written down elsewhere: its imports are relative to `path`.

    Raises:
        ValueError: an import or export in a form that is not understood, of a file that does not exist, of a name
            that the file does not export, or in a circle.
    """
    modules: dict[Path, str] = {}
    exports: dict[Path, list[str]] = {}

    def add(path: Path, chain: tuple[Path, ...]) -> None:
        if path in chain:
            raise ValueError(f"{' imports '.join(map(shown, (*chain, path)))}: a circle.")
        if path in exports:
            return
        if not path.is_file():
            raise ValueError(f"{shown(chain[-1])} imports {shown(path)}, which does not exist.")
        source = linked(text(path), path, (*chain, path))
        exports[path] = EXPORT.findall(source)
        source = EXPORT.sub("", source)
        if found := OTHER_FORM.search(source):
            raise ValueError(f'{shown(path)}: "{found[0]}" is no form of import or export that is understood here.')
        modules[path] = (
            f"const {variable(path)} = (() => {{\n{source}\nreturn {{ {', '.join(exports[path])} }};\n}})();"
        )

    def linked(source: str, path: Path, chain: tuple[Path, ...]) -> str:
        """The code with its import lines replaced by the names they import."""

        def link(found: re.Match[str]) -> str:
            target = (path.parent / found[2]).resolve()
            add(target, chain)
            wanted = [name.strip() for name in found[1].split(",") if name.strip()]
            for name in wanted:
                if name.split(" as ")[0] not in exports[target]:
                    raise ValueError(f"{shown(path)} imports {name} from {shown(target)}, which does not export it.")
            names = ", ".join(name.replace(" as ", ": ") for name in wanted)
            return f"const {{ {names} }} = {variable(target)};"

        return IMPORT.sub(link, source)

    entry = linked(code, path, (path,))
    if found := re.search(r"^import\b.*", entry, re.MULTILINE):
        raise ValueError(f'{shown(path)}: "{found[0]}" is no form of import that is understood here.')
    return "\n".join([*modules.values(), entry])


def shown(path: Path) -> str:
    """A path as people know it."""
    return path.relative_to(DASHBOARD).as_posix() if path.is_relative_to(DASHBOARD) else path.name


def variable(path: Path) -> str:
    """The name of a module in a joined script."""
    return "$" + re.sub(r"\W", "_", shown(path).removesuffix(".js"))
