"""Short formulas as HTML.

Streamlit's element for LaTeX loads KaTeX and its fonts, 0.4 MB in six files, before a formula is seen: too much for the
two sums of the Start page.
"""

from __future__ import annotations

STYLE = "text-align:center;font:1.25rem/1.4 'Cambria Math','STIX Two Math','Times New Roman',serif;margin:.6rem 0"


def equation(left: str, color: str, terms: str, total: str) -> str:
    """One displayed line: `left` in a color = `terms` = **total**.

    Args:
        left, terms: HTML; `terms` may be "" where there is one term only.
        color: any CSS color.
    """
    middle = f" = {terms}" if terms else ""
    return f'<p style="{STYLE}"><span style="color:{color}">{left}</span>{middle} = <b>{total}</b></p>'
