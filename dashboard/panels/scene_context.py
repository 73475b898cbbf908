"""What a picture needs to know of its scene: the models, and whether the answer has been revealed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import UserFacingError
from dashboard import cache
from dashboard.content import catalog
from dashboard.content.catalog import Pair
from dashboard.content.words import NAMES
from dashboard.plots import theme

Facts = Mapping[str, Any]  # values and words that a scene's texts may name
LETTERS = "ABCDEF"


class ScenePictureError(UserFacingError, ValueError):
    """A scene's options do not suit its picture or the trained models; the message says what is available."""


@dataclass(frozen=True)
class SceneContext:
    """The models and the state of a scene.

    Attributes:
        pair: the models the scene is about.
        key: names this scene's components.
        data: the data set that the scene names; `pair` is of another one if no pair was trained on it.
        revealed: whether the answer is shown; until then nothing identifies the models.
        dark: the page is dark.
        large: the picture is for a projector.
    """

    pair: Pair
    key: str
    data: str = ""
    revealed: bool = False
    dark: bool = False
    large: bool = False

    def other(self, latent: int) -> Pair:
        """The same data set's pair of another latent size.

        Raises:
            ScenePictureError: there is none.
        """
        found = catalog.of_size(cache.trained.pairs().values(), self.pair, latent)
        if not found:
            raise ScenePictureError(f"There is no trained pair of latent size {latent} on {self.pair.dataset}.")
        return min(found, key=lambda p: (p.seed != self.pair.seed, p.seed))

    def seeds(self, latent: int) -> list[Pair]:
        """All pairs of a latent size on the same data set, one per seed."""
        return catalog.of_size(cache.trained.pairs().values(), self.pair, latent)

    def images(self, *asked: int) -> tuple[int, ...]:
        """The test images that a scene names, by index.

        If another data set is shown instead and has no such image, the first image of a class is used, preferably of
        a class that is not shown yet.

        Raises:
            ScenePictureError: the scene's own data set has no such image.
        """
        count = len(cache.trained.gallery(self.pair.vae.run_id)["mean"])
        missing = [index for index in asked if not 0 <= index < count]
        if missing and self.data in ("", self.pair.dataset):
            raise ScenePictureError(f"There is no test image {missing[0]}; choose one from 0 to {count - 1}.")
        labels = cache.trained.dataset(self.pair.data).test_labels
        chosen = [index for index in asked if index not in missing]
        others = [index for index in cache.decoded.one_of_each(self.pair.data) if index < count]
        result = []
        for index in asked:
            if index in missing:
                shown = {labels[i] for i in chosen}
                index = next((i for i in others if labels[i] not in shown), others[0])
                chosen.append(index)
            result.append(int(index))
        return tuple(result)

    def name(self, place: int, description: str) -> str:
        """The heading of one part of the picture: a letter, and after the reveal also its description."""
        letter = f"**{LETTERS[place]}**"
        return f"{letter} · {description}" if self.revealed else letter

    def color(self, kind: str) -> tuple[str, str]:
        """A model's colour on a light and on a dark page; grey before the reveal."""
        return (theme.color(kind), theme.color(kind, dark=True)) if self.revealed else (theme.MUTED, theme.MUTED_DARK)


def sides(first: str) -> tuple[str, str]:
    """Both kinds of model, "ae" and "vae", with `first` first.

    Raises:
        ScenePictureError: `first` is neither.
    """
    if first not in NAMES:
        raise ScenePictureError(f"first = {first!r}: choose ae or vae.")
    return (first, "vae" if first == "ae" else "ae")


def model_of(words: str, choices: Sequence[str]) -> list[str]:
    """The two words of an option such as "ae mixture".

    Raises:
        ScenePictureError: it is not a model followed by one of `choices`, or by any word if there are none.
    """
    parts = words.split()
    if len(parts) != 2 or parts[0] not in NAMES or (choices and parts[1] not in choices):
        raise ScenePictureError(
            f"{words!r}: write ae or vae, and " + (f"one of {', '.join(choices)}" if choices else "a latent size") + "."
        )
    return parts
