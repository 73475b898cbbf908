"""Reads and checks the walkthrough's scenes, and fills their texts with measured values.

scenes.toml has for every scene a sentence, a picture with its options, and a question. Texts name values in braces,
such as `{fd_ae:.1f}`. These are the facts that the scene's picture returns when it is drawn, so the file contains no
number and no verdict. POINT_OR_CLOUD_SCENES replaces the file by another one, for instance a lecturer's own.
"""

from __future__ import annotations

import inspect
import re
import string
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_type_hints

from core.errors import UserFacingError

SHIPPED = Path(__file__).with_name("scenes.toml")
MOST_BYTES, MOST_SCENES = 200_000, 60
MODELS = {"data": str, "latent": int, "seed": int}  # the pair that a scene is about
PAGES = tuple(sorted({path.stem for path in (Path(__file__).parents[1] / "views").glob("*.py")} - {"walkthrough"}))
ID = re.compile(r"[a-z0-9][a-z0-9-]{0,40}")

Facts = Mapping[str, Any]


class SceneError(UserFacingError, ValueError):
    """The file of scenes cannot be used. The message names file, scene, value and remedy."""


@dataclass(frozen=True)
class Scene:
    """One step of the walkthrough.

    Attributes:
        id: its name in links.
        title: its heading.
        sentence: its one statement.
        picture, options: a function of `dashboard.panels.pictures`, and its parameters.
        data, latent, seed: the pair of models it is about.
        own_data: whether it is left out where there are no models of those data; otherwise another pair stands in.
        question, choices, answer: what the audience is asked; key -> text; the correct key, computed from the facts.
            With an empty answer, the picture itself shows which choice is correct.
        reveal: the explanation after the question has been answered.
        page, link: the page on which to continue, and its URL parameters besides the pair of models.
        notes: for the presenter.
    """

    id: str
    title: str
    sentence: str
    picture: str
    options: Mapping[str, Any]
    data: str
    latent: int
    seed: int
    question: str
    choices: Mapping[str, str]
    answer: str
    reveal: str
    page: str
    link: Mapping[str, str] = field(default_factory=dict)
    notes: str = ""
    own_data: bool = False

    def seconds(self) -> int:
        """How long autoplay waits before the reveal: 8 s, and one second per two and a half words."""
        words = " ".join((self.title, self.sentence, self.question, *self.choices.values())).split()
        return round(8 + len(words) / 2.5)

    def fill(self, name: str, facts: Facts) -> str:
        """One of the scene's texts with its values filled in.

        Raises:
            SceneError: it names a value that the picture does not return.
        """
        return self._filled(getattr(self, name), name, facts)

    def state(self, facts: Facts) -> dict[str, str]:
        """The URL parameters of the link with their values filled in; raises as `fill` does."""
        return {key: self._filled(value, f"link.{key}", facts) for key, value in self.link.items()}

    def _filled(self, text: str, name: str, facts: Facts) -> str:
        try:
            return string.Formatter().vformat(text, (), dict(facts))
        except (KeyError, ValueError, TypeError) as error:
            what = f"there is no value {error}" if isinstance(error, KeyError) else str(error)
            raise SceneError(
                f"scene {self.id!r}: {name} cannot be filled: {what}; the picture {self.picture!r} returns "
                f"{', '.join(sorted(facts))}."
            ) from None

    def solution(self, facts: Facts) -> str | None:
        """The key of the correct choice; None if only the picture shows it.

        Raises:
            SceneError: the answer is not one of the choices.
        """
        if not self.answer:
            return None
        key = self.fill("answer", facts)
        if key not in self.choices:
            raise SceneError(
                f"scene {self.id!r}: the answer {key!r} is not one of its choices {', '.join(self.choices)}."
            )
        return key


def parse(content: str, exhibits: Mapping[str, Callable[..., Facts]], source: str = SHIPPED.name) -> tuple[Scene, ...]:
    """The scenes of a file's text.

    Args:
        exhibits: the available pictures by name; `options` can set a function's parameters after the first.
        source: name of the file, for messages.

    Raises:
        SceneError: the text is not TOML, or an entry is missing, unknown or of the wrong type.
    """
    try:
        table = tomllib.loads(content)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise SceneError(f"{source} is not valid TOML: {error}.") from None
    unknown = set(table) - {"models", "scene"}
    if unknown:
        raise SceneError(f"{source}: unknown table {sorted(unknown)[0]!r}; known are [models] and [[scene]].")
    scenes = table.get("scene")
    if not isinstance(scenes, list) or not scenes or len(scenes) > MOST_SCENES:
        raise SceneError(f"{source} must hold 1 to {MOST_SCENES} tables [[scene]].")
    found = tuple(
        _scene(entry, table.get("models", {}), exhibits, f"{source}, scene {i}") for i, entry in enumerate(scenes, 1)
    )
    ids = [scene.id for scene in found]
    twice = next((i for i in ids if ids.count(i) > 1), None)
    if twice:
        raise SceneError(f"{source}: two scenes have the id {twice!r}; a link needs one each.")
    return found


def read(path: Path, exhibits: Mapping[str, Callable[..., Facts]]) -> tuple[Scene, ...]:
    """The scenes of a file.

    Raises:
        SceneError: it cannot be read, or see `parse`.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise SceneError(f"{path} is larger than {MOST_BYTES // 1000} kB: not a file of scenes.")
        return parse(path.read_text(encoding="utf-8"), exhibits, path.name)
    except (OSError, UnicodeDecodeError) as error:
        raise SceneError(
            f"the scenes in {path} cannot be read ({error}). Point POINT_OR_CLOUD_SCENES at a TOML file, or unset it."
        ) from None


TEXTS = ("id", "title", "sentence", "picture", "question", "reveal", "page")


def _scene(entry: Any, models: Any, exhibits: Mapping[str, Callable[..., Facts]], where: str) -> Scene:
    where = f"{where} ({entry['id']})" if isinstance(entry, dict) and isinstance(entry.get("id"), str) else where
    _table(
        entry,
        {
            **dict.fromkeys(TEXTS, str),
            "answer": str,
            "notes": str,
            "own_data": bool,
            "choices": dict,
            "options": dict,
            "models": dict,
            "link": dict,
        },
        where,
    )
    missing = [name for name in (*TEXTS, "choices") if not entry.get(name)]
    if missing:
        raise SceneError(f"{where} has no {missing[0]}.")
    pair = {"data": "mnist-5k", "latent": 16, "seed": 0}
    for given in (models, entry.get("models", {})):
        _table(given, MODELS, f"{where}, models")
        pair |= given
    if not ID.fullmatch(entry["id"]):
        raise SceneError(f"{where}: the id {entry['id']!r} goes into links: use small letters, digits and hyphens.")
    if entry["picture"] not in exhibits:
        raise SceneError(
            f"{where}: there is no picture {entry['picture']!r}; choose one of {', '.join(sorted(exhibits))}."
        )
    if entry["page"] not in PAGES:
        raise SceneError(f"{where}: there is no page {entry['page']!r}; choose one of {', '.join(PAGES)}.")
    options = entry.get("options", {})
    _table(options, parameters(exhibits[entry["picture"]]), f"{where}, options of {entry['picture']}")
    for name in ("choices", "link"):
        for key, value in entry.get(name, {}).items():
            if not isinstance(value, str):
                raise SceneError(f"{where}: {name}.{key} is {value!r}; write it as text, in quotes.")
    scene = Scene(
        **{k: v for k, v in entry.items() if k not in ("models", "options")},
        **({"answer": ""} if "answer" not in entry else {}),
        options=options,
        **pair,
    )
    for name in ("title", "sentence", "question", "answer", "reveal", "notes"):
        _check_values(getattr(scene, name), f"{where}: {name}")
    for key, value in scene.link.items():
        _check_values(value, f"{where}: link.{key}")
    return scene


def parameters(picture: Callable[..., Facts]) -> dict[str, type]:
    """The names of a picture's options and their types."""
    hints = get_type_hints(picture)
    return {name: hints[name] for name in list(inspect.signature(picture).parameters)[1:]}


def _table(value: Any, types: Mapping[str, Any], where: str) -> None:
    if not isinstance(value, dict):
        raise SceneError(f"{where} must be a table.")
    for name, content in value.items():
        if name not in types:
            raise SceneError(f"{where}: {name!r} is not known; choose from {', '.join(types) or 'nothing'}.")
        wanted = types[name]
        if getattr(wanted, "__origin__", None) in (list, Sequence):
            good = isinstance(content, list) and all(_is(item, wanted.__args__[0]) for item in content)
        else:
            good = _is(content, wanted)
        if not good:
            raise SceneError(f"{where}: {name} is {content!r}; it must be a {getattr(wanted, '__name__', wanted)}.")


def _is(value: Any, wanted: type) -> bool:
    return isinstance(value, (int, float) if wanted is float else wanted) and (
        wanted is bool or not isinstance(value, bool)
    )


def _check_values(text: str, where: str) -> None:
    """Check that braces contain only plain names: no attributes, no items, no positions."""
    try:
        fields = [name for _, name, _, _ in string.Formatter().parse(text) if name is not None]
    except ValueError as error:
        raise SceneError(f"{where} has unbalanced braces ({error}); a brace itself is written twice.") from None
    for name in fields:
        if not name.isidentifier():
            raise SceneError(f"{where}: {{{name}}} is not the name of a value.")
