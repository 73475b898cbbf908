"""Controls without a server: links to the views that were built ahead, switches of a component, else a fixed value."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from dashboard.export.page_file import PageFile

if TYPE_CHECKING:
    from dashboard.site.parts import Target, Written
    from dashboard.site.recorder import View, Where

# Parameters of an address that no control has, and that lead to views of their own, by page.
AHEAD = {"walkthrough": ("scene", "reveal", "present", "all"), "kl_weight": ("beta",)}

escape = html.escape


class Controls(PageFile):
    """The part of `parts.Parts` that is about controls."""

    view: View
    site: Target
    leads: Mapping[str, Where]
    binds: Mapping[str, Mapping[str, Any]]
    state: Mapping[str, str]
    ahead: Callable[[str], bool]
    written: Written

    def labelled(self, icon: str, label: str) -> str:
        """A label with its icon, as on buttons."""
        mark = self.text(icon, inline=True) if icon else ""
        return f"{mark}<span>{self.text(label, inline=True)}</span>"

    def help(self, text: str) -> str:
        """A question mark that shows an explanation."""
        if not text:
            return ""
        words = escape(re.sub(r"<[^>]+>", "", self.text(text, inline=True)))
        return f'<button type="button" class="help" aria-label="{words}" data-tip="{words}">?</button>'

    def _link(self, page: str, query: Mapping[str, str], words: str, attributes: str) -> str:
        address = self.site.href(page, query)
        return f'<a href="{escape(address)}" {attributes}>{words}</a>' if address else ""

    def _button(self, e: Any) -> str:
        where = self.leads.get(e.id)
        if where is not None and self.site.href(*where, strict=True) is None:
            where = None
        if where is None and not e.disabled:
            return ""
        kind = f'class="button {e.type}" data-testid="stBaseButton-{e.type}"'
        words = self.labelled(e.icon, e.label)
        if e.icon_position:
            words = "".join(reversed(re.split(r"(?<=</span>)(?=<span>)", words, maxsplit=1)))
        if e.disabled or where is None:
            return f'<span {kind} aria-disabled="true">{words}</span>'
        tip = f' title="{escape(re.sub(r"[*`_]", "", e.help))}"' if e.help else ""
        return self._link(*where, words, f"{kind}{tip}")

    def _choice(self, e: Any, options: list[str], chosen: str | None, words: list[str]) -> str:
        """A control with a few options: links to the views that are built ahead, else its value."""
        label = (
            "" if e.label_visibility.value == 2 else f'<div class="label">{escape(e.label)}{self.help(e.help)}</div>'
        )
        links = []
        for option, name in zip(options, words, strict=True):
            now = option == chosen
            address = self.site.href(self.view.page, self.changed(e.query_param_key, option))
            if self.ahead(e.query_param_key) and (address or now):
                current = ' aria-current="true"' if now else ""
                links.append(f'<a href="{escape(address or "")}"{current} data-soft>{name}</a>')
        if len(links) < 2:
            return self.fixed(e, self.text(chosen or "", inline=True))
        return (
            f'<div role="group" aria-label="{escape(e.label)}" data-testid="stButtonGroup">{label}'
            f'<div class="choices">{"".join(links)}</div></div>'
        )

    def changed(self, key: str, value: str) -> dict[str, str]:
        """The view's choices with another value of one of them."""
        kept = dict(self.state)
        if key in ("data", "latent"):  # other models have other weights
            kept = {k: v for k, v in kept.items() if k not in AHEAD.get(self.view.page, ())}
        if key == "data":  # another data set has other latent sizes and seeds
            kept = {k: v for k, v in kept.items() if k not in ("latent", "seed")}
        return {**kept, key: value}

    def _button_group(self, e: Any) -> str:
        names = [option.content for option in e.options]
        chosen = names[e.value[0]] if getattr(e, "value", None) else self.state.get(e.query_param_key)
        if chosen is None and e.default:
            chosen = names[e.default[0]]
        return self._choice(e, names, chosen, [self.text(name, inline=True) for name in names])

    def _selectbox(self, e: Any) -> str:
        chosen = self.state.get(e.query_param_key) or (e.raw_value if e.set_value else list(e.options)[e.default])
        return self._choice(e, list(e.options), chosen, [escape(name) for name in e.options])

    def _checkbox(self, e: Any) -> str:
        on = self.state.get(e.query_param_key, str(e.default).lower()) == "true"
        address = self.site.href(self.view.page, self.changed(e.query_param_key, str(not on).lower()))
        label = self.text(e.label, inline=True)
        if any(e.query_param_key in parameters for parameters in self.binds.values()):
            return (
                f'<button type="button" class="switch" data-do="switch" data-parameter="{escape(e.query_param_key)}" '
                f'role="switch" aria-checked="{str(on).lower()}"><i></i><span>{label}</span></button>'
                f"{self.help(e.help)}"
            )
        if not self.ahead(e.query_param_key) or not address:
            return self.fixed(e, "on" if on else "off")
        return (
            f'<a class="switch" data-soft role="switch" aria-checked="{str(on).lower()}" href="{escape(address)}">'
            f"<i></i><span>{label}</span></a>{self.help(e.help)}"
        )

    def _slider(self, e: Any) -> str:
        value = e.value[0] if e.set_value and e.value else e.default[0]
        return self.fixed(e, f"{value:g}")

    def _number_input(self, e: Any) -> str:
        value = e.value if e.set_value else e.default
        return self.fixed(e, f"{value:g}")

    def fixed(self, e: Any, value: str) -> str:
        """A control that needs the server: its label and the value that the page is about."""
        self.written.fixed.append(e.label)
        return (
            f'<div class="fixed"><div class="label">{self.text(e.label, inline=True)}</div>'
            f'<div class="value">{value}</div></div>'
        )

    def _file_uploader(self, e: Any) -> str:
        self.written.fixed.append(e.label)
        return ""

    def _download_button(self, _: Any) -> str:
        return ""
