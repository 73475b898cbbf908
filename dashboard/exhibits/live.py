"""Components that more than one page shows: what runs in the browser, fed with the models' weights and codes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from dashboard import cache, theme
from dashboard.catalog import Entry, Pair
from dashboard.components.assets import weights_url
from dashboard.components.lanes import Images, Lane
from dashboard.components.maps import Colouring, MapData, linked_maps
from dashboard.components.sprites import png_of_test_images

TITLES = {"ae": "AE: an image is a point", "vae": "VAE: an image is a cloud"}


def images_of(pair: Pair) -> Images:
    """The test images whose codes a pair's runs carry."""
    data, n = cache.dataset(pair.dataset), len(cache.gallery(pair.ae.run_id)["mean"])
    return Images(data.test_labels[:n], data.classes, theme.CLASSES, png_of_test_images(pair.dataset, n))


def lane_of(kind: str, entry: Entry, title: str) -> Lane:
    """One model as the components about one image know it."""
    means = cache.gallery(entry.run_id)["mean"]
    return Lane(title, kind.upper(), theme.color(kind), theme.color(kind, dark=True), weights_url(entry.run), means)


def map_of(kind: str, entry: Entry, view: cache.MapView, native: bool) -> MapData:
    """What the linked maps need to know of one model; `native`: the map is the latent space itself."""
    gallery, d = cache.gallery(entry.run_id), entry.config.latent_dim
    kept = "" if d <= 2 else f" · the map keeps {view.trustworthiness:.1%} of neighbourhoods"
    return MapData(
        TITLES[kind], kind.upper(), theme.color(kind), theme.color(kind, dark=True), view.points, gallery["mean"],
        sigma=gallery["stddev"] if d == 2 and kind == "vae" else None, native=native, weights=weights_url(entry.run),
        caption=f"{view.knn_accuracy:.1%} of images share their class with most of their 15 nearest codes{kept}",
    )  # fmt: skip


def colourings(pair: Pair) -> list[Colouring]:
    """What a map's points can be coloured by, beside their class."""
    ae, vae = (cache.gallery(entry.run_id) for entry in (pair.ae, pair.vae))
    return [
        Colouring("error", "squared error", ae["mse"], vae["mse"], note="mean squared error of each model's own reconstruction, per pixel"),
        Colouring("rate", "VAE's rate", vae["rate"], unit="nats", own=("right",), note="what the VAE pays for the image's cloud; the same image has the same colour in both maps"),
        Colouring("sigma", "VAE's mean σ", vae["stddev"].astype(float).mean(1), own=("right",), note="how wide the image's cloud is, averaged over latent numbers"),
        Colouring("apart", "disagreement", cache.disagreement(pair.ae.run_id, pair.vae.run_id), own=(), note="share of the image's 15 nearest codes in one space that are not among the 15 in the other"),
    ]


def maps(pair: Pair, views: Mapping[str, cache.MapView], native: bool, on_open: Callable[[int], None] | None = None) -> None:
    """Both models' maps of the same images, linked; `views` by "ae" and "vae"."""
    images = images_of(pair)
    n = len(views["ae"].points)
    linked_maps(
        map_of("ae", pair.ae, views["ae"], native),
        map_of("vae", pair.vae, views["vae"], native),
        images.labels[:n],
        images.classes,
        images.colors,
        png_of_test_images(pair.dataset, n),
        colourings(pair),
        key=f"maps-{pair.ae.run_id}",
        layers_note="The rest need the latent space itself (latent size 2): samples from the prior put through a UMAP are pulled onto the islands it knows.",
        on_open=on_open,
    )
