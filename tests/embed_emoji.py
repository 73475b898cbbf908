"""Make `core/data/embedded/emoji.webp` and `emoji.json` from a folder of emoji as 64x64 RGBA PNG files.

    python -m tests.embed_emoji FOLDER

FOLDER has one sub-folder per class and files named after their code points, as "1f468-1f3fb-200d-1f33e.png": the
images of the npm package emoji-datasource-google 16.0.0 (folder img/google/64), sorted by category, without flags.

Many emoji differ only in skin tone or gender. All variants of one emoji are on the same side of the split, so that no
test image has a twin among the training images. Transparent pixels are composited on white.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from core.data.sources import EMBEDDED
from core.data.tiles import tiled

SIDE, COLUMNS, TEST_FRACTION = 32, 64, 0.2
TONES = {"1f3fb", "1f3fc", "1f3fd", "1f3fe", "1f3ff"}
SIGNS = {"200d", "fe0f", "2640", "2642"}  # joiner, presentation, gender
ADULTS = {"1f468": "1f9d1", "1f469": "1f9d1"}  # man and woman -> person


def base(name: str) -> str:
    """What the variants of an emoji have in common."""
    return "-".join(ADULTS.get(part, part) for part in name.split("-") if part not in TONES | SIGNS)


def read(path: Path) -> np.ndarray:
    """One file as uint8 (3, 32, 32)."""
    pixels = np.asarray(Image.open(path).convert("RGBA"), np.float64) / 255
    composited = pixels[..., :3] * pixels[..., 3:] + 1 - pixels[..., 3:]
    halved = composited.reshape(SIDE, 2, SIDE, 2, 3).mean((1, 3))
    return np.round(halved * 255).astype(np.uint8).transpose(2, 0, 1)


def main(folder: Path) -> None:
    """Write both files."""
    rng = np.random.default_rng(0)
    images: list[np.ndarray] = []
    classes: list[dict[str, object]] = []
    for place in sorted(p for p in folder.iterdir() if p.is_dir()):
        groups: dict[str, list[Path]] = {}
        for path in sorted(place.glob("*.png")):
            groups.setdefault(base(path.stem), []).append(path)
        total = sum(map(len, groups.values()))
        train: list[Path] = []
        test: list[Path] = []
        for name in rng.permutation(sorted(groups)):
            (test if len(test) + len(groups[name]) <= round(total * TEST_FRACTION) else train).extend(groups[name])
        images += [read(path) for path in (*train, *test)]
        name = place.name.replace("-", " and ") if place.name != "smileys-emotion" else "smileys"
        classes.append({"name": name, "train": len(train), "test": len(test)})
    EMBEDDED.mkdir(exist_ok=True)
    sheet = tiled(np.stack(images), COLUMNS)
    Image.fromarray(sheet).save(EMBEDDED / "emoji.webp", lossless=True, quality=100, method=6)
    (EMBEDDED / "emoji.json").write_text(json.dumps({"side": SIDE, "classes": classes}, indent=1) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
