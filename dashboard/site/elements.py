"""A recorded page as HTML: its containers, and in them the elements of `parts`, in both colour schemes.

A kind of element or container that is not known here is an error, so nothing can vanish from the site unnoticed.
"""

from __future__ import annotations

from typing import Any

from dashboard.export.capture import Node
from dashboard.export.page_file import KEYED
from dashboard.site.parts import NEEDS_SERVER, SILENT, Parts
from dashboard.site.recorder import SiteError

GAPS = {"NONE": "0", "XXSMALL": ".25rem", "XSMALL": ".5rem", "SMALL": "1rem", "MEDIUM": "2rem", "LARGE": "4rem"}


class Elements(Parts):
    """Turns one view into HTML, see `Parts` for the arguments."""

    def both(self, light: Node | None, dark: Node | None) -> str:
        """A position of the page in both colour schemes: once where they are equal."""
        if light is None or dark is None or (light.element is None) != (dark.element is None):
            return self._either(self.both(light, light) if light else "", self.both(dark, dark) if dark else "")
        if light.element is not None:
            kind = light.element.WhichOneof("type")
            if kind == "bidi_component" and dark.element.WhichOneof("type") == kind:
                return self.sized(light, self.component(light.element.bidi_component, dark.element.bidi_component))
            return self.sized(light, self._either(self.element(light), self.element(dark)))
        if light.block is None and not light.children:
            return ""
        places = sorted({*light.children, *dark.children})
        before = len(self.written.fixed)
        inside = "".join(self.both(light.children.get(i), dark.children.get(i)) for i in places)
        kind = light.block.WhichOneof("type") if light.block is not None else None
        if kind in ("expandable", "popover") and not self.works_without_server(light):
            del self.written.fixed[before:]  # the container is named instead
        return self.block(light, inside)

    @staticmethod
    def _either(light: str, dark: str) -> str:
        if light == dark:
            return light
        return f'<div class="on-light">{light}</div><div class="on-dark">{dark}</div>'

    def sized(self, node: Node, inside: str) -> str:
        """An element with the width that the page asks for."""
        if not inside:
            return ""
        width = node.element.width_config
        kind = width.WhichOneof("width_spec")
        if kind == "pixel_width":
            return f'<div class="fit" style="width:{width.pixel_width}px;max-width:100%">{inside}</div>'
        return f'<div class="{"fit" if kind == "use_content" else "fill"}">{inside}</div>'

    def element(self, node: Node) -> str:
        """One element in one colour scheme.

        Raises:
            SiteError: it is of a kind that is not known here.
        """
        kind = node.element.WhichOneof("type")
        draw = getattr(self, f"_{kind}", None)
        if draw is None:
            raise SiteError(
                f"The page {self.view.page or 'start'!r} has an element of the kind {kind!r}, which the static site "
                f"cannot show yet: add Parts._{kind} in dashboard/site/parts.py."
            )
        return draw(getattr(node.element, kind))

    def block(self, node: Node, inside: str) -> str:
        """A container around its elements.

        Raises:
            SiteError: it is of a kind that is not known here.
        """
        block: Any = node.block
        kind = block.WhichOneof("type") if block is not None else None
        named = KEYED.match(block.id) if block is not None else None
        key = f" st-key-{named[1]}" if named else ""  # the class that the project's style sheets use
        if block is None or kind is None or kind in ("transparent", "vertical"):
            return f'<div class="stack{key}">{inside}</div>' if inside else ""
        if kind == "expandable":
            e = block.expandable
            opened, label = " open" if e.expanded else "", self.labelled(e.icon, e.label)
            if not self.works_without_server(node):
                self.written.fixed.append(e.label)
                inside = f'<p class="absent">{ABSENT}</p>'
            return (
                f'<details data-testid="stExpander"{opened}><summary>{label}</summary>'
                f'<div class="stack">{inside}</div></details>'
            )
        if kind == "popover":
            e = block.popover
            if not inside or not self.works_without_server(node):
                return ""
            return (
                f'<details class="popover{key}" data-testid="stPopover"><summary>{self.labelled(e.icon, e.label)}'
                f'</summary><div class="stack sheet">{inside}</div></details>'
            )
        if kind == "column":
            align = {1: "center", 2: "flex-end"}.get(block.column.vertical_alignment, "flex-start")
            return (
                f'<div class="column stack" data-testid="stColumn" style="flex-grow:{block.column.weight:.4f};'
                f'justify-content:{align}">{inside}</div>'
            )
        if kind == "grid_container":
            e = block.grid_container
            return (
                f'<div class="grid{" boxes" if e.border else ""}" style="--least:{e.min_column_width_px or 240}px">'
                f"{inside}</div>"
            )
        if kind not in ("flex_container", "horizontal", "form"):
            raise SiteError(
                f"The page {self.view.page or 'start'!r} has a container of the kind {kind!r}, which the static site "
                "cannot show yet: see Elements.block in dashboard/site/elements.py."
            )
        return self.flex(block, inside, key)

    def flex(self, block: Any, inside: str, key: str) -> str:
        """A row or a stack of elements."""
        if not inside:
            return ""
        e = block.flex_container
        row = block.WhichOneof("type") == "horizontal" or e.direction == type(e).HORIZONTAL
        gap = type(e.gap_config).DESCRIPTOR.fields_by_name["gap_size"].enum_type.values_by_number
        size = GAPS.get(gap[e.gap_config.gap_size].name.removeprefix("GAP_"), "1rem")
        align = {1: "flex-start", 2: "center", 3: "flex-end", 4: "stretch"}.get(e.align, "")
        style = f"--gap:{size}" + (f";align-items:{align}" if align and row else "")
        if block.HasField("width_config") and block.width_config.WhichOneof("width_spec") == "pixel_width":
            style += f";width:{block.width_config.pixel_width}px;max-width:100%"
        kind = "row" if row else "stack"
        if row and 'data-testid="stColumn"' in inside[:60]:
            kind = "row columns"
        tall = block.HasField("height_config") and block.height_config.WhichOneof("height_spec") == "use_stretch"
        testid = ' data-testid="stHorizontalBlock"' if row else ""
        extra = f"{' box' if e.border else ''}{' tall' if tall else ''}{'' if e.wrap or not row else ' together'}{key}"
        return f'<div class="{kind}{extra}"{testid} style="{style}">{inside}</div>'

    def works_without_server(self, node: Node) -> bool:
        """Whether a container can do something here: without controls that need the server, or with others too."""
        needs_server = False
        for inside in elements_of(node):
            kind = inside.WhichOneof("type")
            e = getattr(inside, kind)
            if kind == "bidi_component":
                if e.component_name not in SILENT | NEEDS_SERVER:
                    return True
                needs_server = needs_server or e.component_name in NEEDS_SERVER
            elif kind == "button":
                if e.id in self.leads and self.site.href(*self.leads[e.id], strict=True):
                    return True
                needs_server = True
            elif kind in ("button_group", "selectbox", "checkbox"):
                if self.ahead(e.query_param_key):
                    return True
                needs_server = True
            elif kind == "page_link":
                return True
            needs_server = needs_server or kind in (
                "slider",
                "number_input",
                "file_uploader",
                "download_button",
                "text_input",
            )
        return not needs_server


ABSENT = "This part needs the dashboard on a server."


def elements_of(node: Node) -> list[Any]:
    """All elements in a container."""
    found = [node.element] if node.element is not None and node.element.WhichOneof("type") else []
    for child in node:
        found += elements_of(child)
    return found
