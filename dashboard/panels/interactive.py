"""Interactive parts that more than one page shows: components that run the pair's networks in the browser."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

import numpy as np

from core.data.factors import Factors
from core.errors import NotMeasurable
from core.latent.neighbours import NEIGHBOURS
from core.metrics.comparisons import changes_class_more
from dashboard import cache
from dashboard.components.assets import judge_url, not_in_page, weights_url
from dashboard.components.beta_lab import beta_lab
from dashboard.components.lanes import Images, Lane, ModelLabel
from dashboard.components.maps import Colouring, MapData, MapPair, linked_maps
from dashboard.components.neighbours import neighbours
from dashboard.components.planes import planes
from dashboard.components.publish import publish
from dashboard.content import catalog
from dashboard.content.catalog import Entry, Pair
from dashboard.content.factors import without_unit
from dashboard.content.maps import map_caption
from dashboard.content.small_steps import step_conclusions
from dashboard.content.words import NAMES
from dashboard.panels.beta_lab import lab_of, without_networks
from dashboard.panels.scene_context import LETTERS, Facts, SceneContext, ScenePictureError, sides
from dashboard.plots import theme
from dashboard.session import shared_settings, state

MAP_SETTINGS = {"pictures": shared_settings.switch("images instead of points")}
TITLES = {"ae": "AE: an image is a point", "vae": "VAE: an image is a cloud"}


def label_of(kind: str, title: str = "") -> ModelLabel:
    """A model's name and colours, by default with its heading in `TITLES`."""
    return ModelLabel(title or TITLES[kind], kind.upper(), theme.color(kind), theme.color(kind, dark=True))


def images_of(pair: Pair) -> Images:
    """The test images whose codes are stored with a pair's runs."""
    data, n = cache.trained.dataset(pair.data), len(cache.trained.gallery(pair.ae.run_id)["mean"])
    return Images(data.test_labels[:n], data.classes, theme.CLASSES, cache.trained.png_of_test_images(pair.data, n))


def lane_of(kind: str, entry: Entry, title: str) -> Lane:
    """One model as a lane of the components.

    Raises:
        ScenePictureError: the browser cannot run its network.
    """
    if why := not_in_page(entry.config):
        raise ScenePictureError(why)
    means = cache.trained.gallery(entry.run_id)["mean"]
    return Lane(label_of(kind, title), weights_url(entry.run), means)


def _map_of(kind: str, entry: Entry, view: cache.maps.MapView, native: bool) -> MapData:
    """One model for the linked maps; `native`: the map is the latent space itself."""
    gallery, d = cache.trained.gallery(entry.run_id), entry.config.latent_dim
    return MapData(
        label_of(kind),
        view.points,
        gallery["mean"],
        sigma=gallery["stddev"] if d == 2 and kind == "vae" else None,
        native=native,
        weights=weights_url(entry.run),
        caption=map_caption(view, flat=d <= 2),
    )


def factor_colourings(factors: Factors, labels: np.ndarray, images: int) -> list[Colouring]:
    """One for each factor of the first test images, but for one that is the class itself."""
    found = []
    for k, (name, values) in enumerate(zip(factors.names, factors.values, strict=True)):
        levels = factors.levels()[:images, k]
        if np.array_equal(levels, labels[:images]):
            continue
        colors = [theme.hue(float(value.rstrip("°"))) for value in values] if name == "hue" else []
        named, unit = without_unit(values)
        note = f"{name} of the image, which has the same colour in both maps"
        found.append(Colouring(f"factor{k}", name, levels, None, unit, note, (), named, colors))
    return found


def colourings(pair: Pair) -> tuple[list[Colouring], dict[str, str]]:
    """What points can be coloured by, besides their class; and what is not available, with the reason."""
    ae, vae = (cache.trained.gallery(entry.run_id) for entry in pair.entries)
    data = cache.trained.dataset(pair.data)
    factors = [] if data.factors is None else factor_colourings(data.factors, data.test_labels, len(ae["mse"]))
    found = [
        Colouring(
            "error",
            "squared error",
            ae["mse"],
            vae["mse"],
            note="mean squared error of each model's own reconstruction, per pixel",
        ),
        Colouring(
            "rate",
            "VAE's rate",
            vae["rate"],
            unit="nats",
            own=("right",),
            note="the rate of the image's cloud; an image has the same colour in both maps",
        ),
        Colouring(
            "sigma",
            "VAE's mean σ",
            vae["stddev"].astype(float).mean(1),
            own=("right",),
            note="the width of the image's cloud, averaged over latent numbers",
        ),
        *factors,
    ]
    try:
        apart = cache.maps.disagreement(*(entry.run_id for entry in pair.entries))
    except NotMeasurable as error:
        return found, {"how far the two spaces disagree about neighbours": str(error)}
    note = (
        f"share of the image's {NEIGHBOURS} nearest codes in one space that are not among the {NEIGHBOURS} in the other"
    )
    return [*found, Colouring("apart", "disagreement", apart, own=(), note=note)], {}


def maps(
    pair: Pair, views: Mapping[str, cache.maps.MapView], native: bool, on_open: Callable[[int], None] | None = None
) -> dict[str, str]:
    """Draw linked maps of the same images; `views` by "ae" and "vae". Returns what is not measured, with the reason."""
    coloured, left_out = colourings(pair)
    left, right = (_map_of(kind, entry, views[kind], native) for kind, entry in pair.items())
    drawn = MapPair(
        left,
        right,
        images_of(pair),
        coloured,
        layers_note=(
            "The others need a two-dimensional latent space: a UMAP would place samples from the prior onto its "
            "existing clusters."
        ),
    )
    key = f"maps-{pair.ae.run_id}"
    linked_maps(
        drawn,
        key,
        on_open,
        shared_settings.follow_link("maps", MAP_SETTINGS),
        lambda: shared_settings.rested("maps", (state.get(key) or {}).get("rested"), MAP_SETTINGS),
    )
    return left_out


def two_maps(context: SceneContext, first: str = "ae") -> Facts:
    """Both latent planes with the same images, `first` ("ae" or "vae") on the left; unnamed until the reveal."""
    if context.pair.latent_dim != 2:
        raise ScenePictureError("two_maps shows latent spaces of two numbers.")
    views = dict(zip(NAMES, cache.maps.instant_maps(context.pair, "native"), strict=True))
    order = sides(first)
    drawn = []
    for place, kind in enumerate(order):
        whole = _map_of(kind, context.pair[kind], views[kind], native=True)
        light, dark = context.color(kind)
        letter = LETTERS[place]
        drawn.append(
            whole
            if context.revealed
            else dataclasses.replace(whole, label=ModelLabel(letter, letter, light, dark), sigma=None, caption="")
        )
    left_error, right_error = (cache.trained.gallery(context.pair[kind].run_id)["mse"] for kind in order)
    left, right = drawn
    maps_of_both = MapPair(
        left,
        right,
        images_of(context.pair),
        [
            Colouring(
                "error",
                "squared error",
                left_error,
                right_error,
                note="mean squared error of each model's own reconstruction, per pixel",
            )
        ],
        plain=True,
    )
    linked_maps(maps_of_both, f"{context.key}-{'named' if context.revealed else 'unnamed'}")
    spread = {kind: view.spread for kind, view in views.items()}
    wide, tight = sorted(spread, key=spread.__getitem__, reverse=True)
    if spread[tight] < 1e-6:
        raise ScenePictureError(
            f"All images have the same code in the {NAMES[tight]}, so there is no spread to compare. Probably "
            "the images themselves are all equal."
        )
    return {
        **{f"where_{kind}": LETTERS[place] for place, kind in enumerate(order)},
        **{f"spread_{kind}": v for kind, v in spread.items()},
        "wider": NAMES[wide],
        "tighter": NAMES[tight],
        "ratio": spread[wide] / spread[tight],
        **{f"knn_{kind}": view.knn_accuracy for kind, view in views.items()},
        "images": len(views["ae"].points),
    }


def decoding(context: SceneContext, image: int = 0) -> Facts:
    """Both latent planes with the decoder under the cursor; the reveal shows where decoded images are unlike real ones.

    Args:
        image: the test image whose code is decoded first.
    """
    images = images_of(context.pair)
    if context.pair.latent_dim != 2:
        raise ScenePictureError("decoding shows latent spaces of two numbers.")
    (image,) = context.images(image)
    topic = publish(images, image, f"{context.key}-image")
    left, right = (lane_of(kind, context.pair[kind], TITLES[kind]) for kind in NAMES)
    shown = "holes" if context.revealed else "codes"
    planes(left, right, images, judge_url(context.pair.dataset), topic, f"{context.key}-planes", mode=shown)
    return {"image": image, "images": len(images.labels), "shown": shown}


def small_steps(context: SceneContext, sizes: list[int], image: int = 0, step: float = 0.1) -> Facts:
    """One image's code and eight codes around it, decoded; after the reveal, how often the class changes.

    Args:
        sizes: latent sizes, with one board per size and model.
        step: size of the step, in standard deviations of the codes.
    """
    images = images_of(context.pair)
    if not sizes or not 0 < step <= 1:
        raise ScenePictureError("small_steps needs a latent size and a step from 0 to 1.")
    (image,) = context.images(image)
    topic = publish(images, image, f"{context.key}-image")
    boards = [
        lane_of(kind, context.other(size)[kind], f"{kind.upper()}, latent size {size}")
        for size in sizes
        for kind in NAMES
    ]
    known = cache.measured.flip_rates(context.pair.data)
    conclusions = step_conclusions(known, sizes) if context.revealed else {}
    neighbours(
        boards,
        images,
        judge_url(context.pair.dataset),
        topic,
        f"{context.key}-steps",
        conclusions,
        step=step,
        rates=context.revealed,
    )
    facts: dict[str, object] = {"image": image, "step": step}
    for size in sizes:
        rates = {kind: known.get(size, {}).get(kind, {}).get(step, []) for kind in NAMES}
        if not all(rates.values()):  # the scorecard has no values for this step or these models
            rates = {
                kind: [cache.measured.flip_rate(p[kind].run_id, step) for p in context.seeds(size)] for kind in NAMES
            }
        facts |= {f"flips_{kind}_{size}": float(np.mean(values)) for kind, values in rates.items()}
        facts[f"more_{size}"] = {"neither": "none"}.get(more := changes_class_more(rates["ae"], rates["vae"]), more)
    found = {facts[f"more_{size}"] for size in sizes}
    facts["lesson"] = (
        "What holds at one latent size need not hold at another."
        if len(found) > 1
        else "This is the same at every latent size shown."
    )
    return facts


def knob(context: SceneContext, beta: float = 1.0, reveal: float = 10.0) -> Facts:
    """The KL-weight lab with its knob at `beta`; the reveal moves it to `reveal`."""
    trained = catalog.over_beta(cache.trained.entries(), context.pair)
    missing = [b for b in (beta, reveal) if b not in trained]
    if missing:
        raise ScenePictureError(
            f"There is no VAE trained with β = {missing[0]:g}; there are {', '.join(f'{b:g}' for b in trained)}."
        )
    shown = reveal if context.revealed else beta
    if why := not_in_page(context.pair.vae.config):
        without_networks(trained, shown, why)
    else:
        beta_lab(
            lab_of(context.pair, trained, shown),
            shown,
            f"{context.key}-lab",
            compact=context.large,
            sequence=int(context.revealed),
        )
    before, after = (cache.trained.evaluation(trained[b].run_id) for b in (beta, reveal))
    shares = {name: after[name] / before[name] for name in ("rate", "distortion", "active_units")}
    return {
        "beta": beta,
        "reveal": reveal,
        "shown": shown,
        "rate_before": before["rate"],
        "rate_after": after["rate"],
        "distortion_before": before["distortion"],
        "distortion_after": after["distortion"],
        "active_before": before["active_units"],
        "active_after": after["active_units"],
        "inactive": "more" if shares["active_units"] < 1 else "same" if shares["active_units"] == 1 else "fewer",
    }
