"""Walkthrough: one scene at a time, each with a sentence, a picture, and a question to answer before the reveal.

The scenes are in dashboard/walkthrough/scenes.toml; their pictures are parts of the other pages.
"""

import streamlit as st

from dashboard import cache
from dashboard.components import presenter
from dashboard.content.catalog import Pair
from dashboard.content.words import AE, VAE, provenance
from dashboard.export import share_menu
from dashboard.panels import pictures
from dashboard.panels.scene_context import Facts, SceneContext
from dashboard.session import addresses, boundary, controls, state
from dashboard.walkthrough.scenes import Scene

SCENE, REVEAL, PRESENT, AUTO, ALL = "scene", "reveal", "present", "autoplay", "all"  # URL parameters


def pair_of(scene: Scene) -> Pair:
    """The pair a scene is about; if it was not trained, one with the same latent size if possible."""
    found = list(controls.pairs().values())
    wanted = (scene.data, scene.latent, scene.seed)
    return max(
        found,
        key=lambda p: (
            p.latent_dim == scene.latent,
            p.dataset == scene.data,
            (p.dataset, p.latent_dim, p.seed) == wanted,
        ),
    )


def current(scenes: tuple[Scene, ...]) -> int:
    """The index of the scene that the URL names."""
    ids = [scene.id for scene in scenes]
    return ids.index(controls.linked("scene", ids, ids[0], SCENE))


def turn(place: int, revealed: bool = False) -> None:
    """Show the scene at an index."""
    scene = scenes[min(max(place, 0), len(scenes) - 1)]
    state.go(**{SCENE: scene.id, REVEAL: "true" if revealed else None})


def guess(key: str) -> None:
    """Store the visitor's guess and reveal the answer."""
    state.put(f"guess-{scene.id}", key)
    turn(at, revealed=True)


def forward() -> None:
    """Reveal the answer, or go to the next scene if it is shown (the clicker's forward button)."""
    if revealed:
        turn(at + 1)
    else:
        turn(at, revealed=True)


def steer() -> None:
    """React to a key, the clicker or a button of presenter mode."""
    where = presenter.destination(state.get(presenter.KEY))
    if where.startswith("choice:") and where[7:] in scene.choices:
        guess(where[7:])
    elif where in STEPS:
        STEPS[where]()


STEPS = {
    "next": forward,
    "back": lambda: turn(at) if revealed else turn(at - 1, revealed=False),
    "first": lambda: turn(0),
    "last": lambda: turn(len(scenes) - 1),
    "leave": lambda: state.go(**{PRESENT: None, AUTO: None}),
    "auto": lambda: state.go(**{AUTO: None if auto else "true"}),
}


def draw(scene: Scene, key: str, revealed: bool, large: bool = False) -> Facts:
    """Draw a scene's picture; returns the values that its texts name."""
    pair = pair_of(scene)
    facts = pictures()[scene.picture](
        SceneContext(pair, key, scene.data, revealed, state.dark(), large), **scene.options
    )
    return {
        "AE": AE,
        "VAE": VAE,
        "latent": pair.latent_dim,
        "n": cache.trained.evaluation(pair.vae.run_id)["n"],
        **facts,
    }


def answer(scene: Scene, facts: Facts, guessed: str | None = None) -> None:
    """Draw the choices with the correct one marked, and the explanation."""
    solution = scene.solution(facts)
    for key, words in scene.choices.items():
        mark = ":green[:material/check_circle:]" if key == solution else ":gray[:material/radio_button_unchecked:]"
        st.markdown(
            f"{mark} {f'**{words}**' if key == solution else words}{' *(your guess)*' if key == guessed else ''}"
        )
    st.markdown(scene.fill("reveal", facts))


def ask(facts: Facts) -> None:
    """Draw the question, and after the reveal its answer."""
    st.markdown(scene.fill("question", facts))
    if revealed:
        answer(scene, facts, state.get(f"guess-{scene.id}"))
        return
    for key, words in scene.choices.items():
        st.button(words, key=f"choice-{scene.id}-{key}", width="stretch", on_click=guess, args=(key,))
    st.button(
        "Reveal",
        key=f"reveal-{scene.id}",
        type="tertiary",
        icon=":material/visibility:",
        on_click=turn,
        args=(at, True),
    )


def all_scenes() -> None:
    """Draw all scenes on one page, to read, print or save; every answer is in an expander."""
    st.title("The whole walkthrough", anchor=False)
    st.button("One scene at a time", icon=":material/slideshow:", on_click=lambda: state.go(**{ALL: None}))
    for place, scene in enumerate(scenes, 1):
        st.header(f"{place}. {scene.title}", anchor=False)
        with boundary.guard():
            sentence, picture = st.empty(), st.container()
            with picture:
                facts = draw(scene, f"all-{scene.id}", revealed=False)
            sentence.markdown(scene.fill("sentence", facts))
            st.markdown(f"**{scene.fill('question', facts)}**")
            st.markdown("\n".join(f"- {words}" for words in scene.choices.values()))
            with st.expander("Guess first, then open the answer", icon=":material/visibility:"):
                facts = draw(scene, f"all-{scene.id}-revealed", revealed=True)
                answer(scene, facts)
        st.caption(provenance(pair_of(scene), cache.trained.evaluation(pair_of(scene).vae.run_id)["n"]))


def one_scene() -> None:
    """Draw the scene that the URL names."""
    with st.container(key="walk-head", horizontal=True, vertical_alignment="center"):
        st.caption(f"Walkthrough · {at + 1} of {len(scenes)}", width="stretch")
        st.button(
            "Present",
            icon=":material/present_to_all:",
            key="present-button",
            on_click=lambda: state.go(**{PRESENT: "true"}),
            help=(
                "For a projector: full page, large type, arrow keys or a clicker. Press B for a blank screen, N for "
                "notes, Escape to leave."
            ),
        )
    st.title(scene.title, anchor=False)
    sentence = st.container(key="walk-sentence")
    left, right = st.columns([7, 3], gap="medium")
    picture, question = left.container(key="walk-picture"), right.container(key="walk-question")
    facts: Facts | None = None
    with boundary.guard():
        with picture:
            facts = draw(scene, f"scene-{scene.id}", revealed, large=present)
        sentence.markdown(scene.fill("sentence", facts))
        with question:
            ask(facts)

    with boundary.guard():
        link = {
            **(scene.state(facts) if facts else {}),
            "data": pair.dataset,
            "latent": str(pair.latent_dim),
            "seed": str(pair.seed),
        }
    with question:
        st.page_link(
            f"views/{scene.page}.py", label="Try this yourself", icon=":material/open_in_new:", query_params=link
        )
    with st.container(key="walk-more"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(
                "Back", key="walk-back", icon=":material/arrow_back:", disabled=at == 0, on_click=turn, args=(at - 1,)
            )
            st.button(
                "Next",
                key="walk-next",
                type="primary" if revealed else "secondary",
                icon=":material/arrow_forward:",
                icon_position="right",
                disabled=at == len(scenes) - 1,
                on_click=turn,
                args=(at + 1,),
            )
            st.progress((at + 1) / len(scenes), width="stretch")
        st.caption(provenance(pair, cache.trained.evaluation(pair.vae.run_id)["n"]))
        plain = {**(facts or {}), "AE": "AE", "VAE": "VAE"}
        notes = scene.fill("notes", plain).strip() if facts else ""
        st.button(
            "All scenes on one page",
            key="walk-all",
            type="tertiary",
            icon=":material/article:",
            on_click=lambda: state.go(**{ALL: "true"}),
            help="To read or print, or to save the whole walkthrough as one file with “Share”.",
        )
        if notes:
            with st.expander("Notes for the presenter", icon=":material/sticky_note_2:"):
                st.markdown(notes.replace("\n", "  \n"))

    slide = presenter.Slide(
        scene.id,
        at + 1,
        len(scenes),
        title=scene.title,
        next=scenes[at + 1].title if at + 1 < len(scenes) else "",
        notes=notes,
        answer=f"Answer: {scene.choices[solved]}" if facts and (solved := scene.solution(facts)) else "",
        choices=list(scene.choices),
        seconds=scene.seconds(),
        present=present,
        revealed=revealed,
        auto=present and auto,
        url=addresses.link(),
        qr=share_menu.qr(addresses.link()),
    )
    presenter.presenter(slide, steer)


scenes = tuple(
    scene for scene in cache.server.scenes(pictures()) if not scene.own_data or pair_of(scene).dataset == scene.data
)
at = current(scenes)
scene = scenes[at]
revealed, present, auto = state.flag(REVEAL), state.flag(PRESENT), state.flag(AUTO)
pair = pair_of(scene)
state.put("pair", pair)
if state.flag(ALL):
    all_scenes()
else:
    one_scene()
