"""Links to pages as cards, each with the question that the page answers."""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st


def page_cards(pages: Iterable[tuple[str, str, str]]) -> None:
    """Draw a card for each page: its script, its title, and a question."""
    cards = st.grid(min_column_width=180, border=True)
    for path, label, question in pages:
        with cards.cell():
            st.page_link(path, label=f"**{label}**")
            st.caption(question)
