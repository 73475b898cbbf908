"""The Python side of the components: what is computed before anything reaches a page."""

from __future__ import annotations

import inspect
import io
import json
import math
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dashboard.components import scripts, sprites
from dashboard.components.encode_decode import plane_of
from dashboard.components.lanes import Images, Lane, ModelLabel, check_length
from dashboard.components.maps import Colouring, MapData, map_arrays
from dashboard.components.source import source_of
from dashboard.components.sprites import sprite
from dashboard.components.traverse import dimensions
from dashboard.session import addresses

LABEL = ModelLabel("AE", "AE", "#000", "#fff")


def lane(codes: np.ndarray) -> Lane:
    return Lane(LABEL, "", codes)


def test_a_plane_keeps_the_largest_directions_and_centres_the_codes():
    rng = np.random.default_rng(0)
    scale = np.array([0.1, 5, 0.2, 3])
    codes = (rng.standard_normal((500, 4)) * scale + 7).astype(np.float32)
    basis, offset = plane_of(codes)
    xy = codes @ basis.T + offset
    assert np.allclose(basis @ basis.T, np.eye(2), atol=1e-5)
    assert np.allclose(xy.mean(0), 0, atol=1e-3)
    assert xy.std(0) == pytest.approx([5, 3], rel=0.1)
    assert basis[0, 1] > 0.99 and basis[1, 3] > 0.99  # signs are fixed, not an accident of the decomposition


@pytest.mark.parametrize("d", [1, 2])
def test_small_latent_spaces_are_drawn_as_they_are(d):
    codes = np.random.default_rng(0).standard_normal((9, d)).astype(np.float32)
    basis, offset = plane_of(codes)
    assert np.array_equal((codes @ basis.T + offset)[:, :d], codes)


def test_dimensions_are_ordered_by_what_they_carry():
    codes = np.random.default_rng(0).standard_normal((300, 3)) * [1, 3, 2]
    cloud = dimensions(lane(codes), [0.05, 2.0, 0.7])
    assert (
        cloud["order"] == [1, 2, 0]
        and cloud["inactive"] == [True, False, False]
        and "inactive" in cloud["weight_text"][0]
    )
    point = dimensions(lane(codes), None)
    assert point["order"] == [1, 2, 0] and not any(point["inactive"])
    assert point["range"][1][1] - point["range"][1][0] == pytest.approx(
        18, rel=0.1
    )  # three standard deviations each way


def test_a_sprite_holds_every_image_exactly():
    images = np.random.default_rng(0).integers(0, 256, (53, 1, 28, 28)).astype(np.uint8)
    picture = np.asarray(Image.open(io.BytesIO(sprite(images))))
    assert picture.shape == (56, 1400)
    assert np.array_equal(picture[28:56, 2 * 28 : 3 * 28], images[52, 0])


def test_source_lines_are_the_functions_own():
    from core.models.posteriors import DiagonalGaussian

    source = source_of("core.models.posteriors", "DiagonalGaussian.kl")
    lines, first = inspect.getsourcelines(DiagonalGaussian.kl)
    assert source.file == "core/models/posteriors.py" and source.lines[0] == (first, "def kl(self) -> Tensor:")
    shown = dict(source.lines)
    assert shown[first + len(lines) - 1].strip() == lines[-1].strip()
    assert not any('"""' in text for text in shown.values())
    with pytest.raises(LookupError, match=r"no DiagonalGaussian\.nothing"):
        source_of("core.models.posteriors", "DiagonalGaussian.nothing")


def test_maps_refuse_arrays_of_different_lengths():
    codes = np.zeros((4, 2), np.float32)
    data = MapData(LABEL, codes, codes)
    with pytest.raises(ValueError, match="value_error has 3 rows for 4"):
        map_arrays(data, data, np.zeros(4), [Colouring("error", "error", np.zeros(3))])
    with pytest.raises(ValueError, match="shape"):
        check_length(lane(codes), Images(np.zeros(5), ["a"], ["#000"], b""))


def test_colour_scales_leave_out_outliers_and_nan():
    values = np.append(np.linspace(0, 1, 1000), [1e6, np.nan])
    low, high = Colouring("error", "error", values).limits()
    assert 0 < low < 0.05 and 0.95 < high < 1.01


def written(folder: Path, **files: str) -> Path:
    """A folder of modules, by their names."""
    for name, text in files.items():
        (folder / f"{name}.js").write_text(text, encoding="utf-8")
    return folder


def test_comments_on_lines_of_their_own_are_left_out_of_a_script():
    code = """/* A module
   // of two lines. */
const a = 1; // one
/** @type {number} */
const b = /** @type {any} */ (a);
  // another
/** @type {any} */ (a).b();
/** kept? no */
const text = "/* text */", other = `
// a line of a template
/* another */
`;
"""
    assert (
        scripts.uncommented(code)
        == """const a = 1; // one
const b = /** @type {any} */ (a);
/** @type {any} */ (a).b();
const text = "/* text */", other = `
// a line of a template
/* another */
`;
"""
    )


def test_a_style_sheet_follows_those_that_it_imports_each_of_them_once(tmp_path):
    sheets = {
        "knob": '/* Knob. */\n@import "./ticks.css";\n@import "./bars.css";\n.knob {}\n',
        "ticks": '@import "./bars.css";\n.ticks {}\n',
        "bars": ".bars {}\n",
    }
    for name, rules in sheets.items():
        (tmp_path / f"{name}.css").write_text(rules, encoding="utf-8")
    assert scripts.styles(tmp_path / "knob.css").split() == [
        *(".bars", "{}", ".ticks", "{}"),
        *("/*", "Knob.", "*/", ".knob", "{}"),
    ]
    base = scripts.text(scripts.WEB / "base.css")
    assert scripts.styles(tmp_path / "bars.css", base=True) == f"{base}\n.bars {{}}\n"
    assert scripts.styles(tmp_path / "none.css", base=True) == base
    assert scripts.styles(tmp_path / "none.css") == ""


@pytest.mark.parametrize(
    ("rules", "told"), [('@import "./a.css";\n', "circular"), ('@import "./b.css";\n', "not exist")]
)
def test_a_style_sheet_that_cannot_be_put_together_says_why(tmp_path, rules, told):
    (tmp_path / "a.css").write_text(rules, encoding="utf-8")
    with pytest.raises(ValueError, match=told):
        scripts.styles(tmp_path / "a.css")


def test_a_script_brings_every_module_that_it_imports_once_and_in_order(tmp_path):
    folder = written(
        tmp_path,
        a='import { b } from "./b.js";\nimport { c, d as other } from "./c.js";\n'
        "export default function () {}\nuse(b, c, other);",
        b='import {\n  c,\n} from "./c.js";\nconst own = 1;\nexport const b = c + own;',
        c="const own = 2;\nexport function c() {}\nexport class d {}",
    )
    joined = scripts.joined(folder / "a.js")
    assert joined.count("export") == 1 and "export default function" in joined
    assert "import" not in joined
    assert joined.count("const $c = ") == joined.count("const $b = ") == 1
    assert joined.index("const $c = ") < joined.index("const $b = ") < joined.index("use(b, c, other)")
    assert "const { c, d: other } = $c;" in joined and "return { c, d };" in joined
    assert scripts.joined(folder / "a.js") == joined


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (
            {"a": 'import { x } from "./b.js";', "b": 'import { y } from "./a.js";'},
            "a.js imports b.js imports a.js: a circular import",
        ),
        ({"a": 'import { x } from "./gone.js";'}, "a.js imports gone.js, which does not exist"),
        (
            {"a": 'import { x } from "./b.js";', "b": "const x = 1;"},
            "a.js imports x from b.js, which does not export it",
        ),
        ({"a": 'import x from "./b.js";'}, "a form of import"),
        ({"a": 'import { x } from "./b.js";', "b": "export default 1;"}, "b.js"),
        ({"a": 'import { x } from "./b.js";', "b": "const x = 1;\nexport { x };"}, "b.js"),
        ({"a": 'import { x } from "./b.js";', "b": "export let x = 1;"}, "b.js"),
    ],
)
def test_what_cannot_be_joined_is_named(tmp_path, files, message):
    with pytest.raises(ValueError, match=message):
        scripts.joined(written(tmp_path, **files) / "a.js")


def test_constants_of_the_page_are_those_of_the_server():
    """What Python and the browser both have to know is written down twice; the two agree."""
    from core.config import BETA_RANGE
    from core.metrics import paths
    from core.models import objectives, posteriors
    from dashboard.components import neighbours
    from dashboard.components.beta_lab import SAMPLES

    def constant(file: str, name: str) -> object:
        text = (scripts.DASHBOARD / file).read_text(encoding="utf-8")
        found = re.search(rf"^(?:export )?const {name} = (.+?);", text, re.MULTILINE)
        assert found, f"{file} has no constant {name}"
        return json.loads(found[1])

    assert constant("web/log_beta.js", "BETA_RANGE") == list(BETA_RANGE)
    assert constant("web/networks.js", "LOGVAR_RANGE") == list(posteriors.LOGVAR_RANGE)
    assert constant("web/posterior.js", "GAUSSIAN_SIGMA") == objectives.GAUSSIAN_SIGMA
    assert constant("web/posterior.js", "SIGMA_SCALE") == objectives.SharedSigma.scale
    assert constant("web/sprites.js", "SPRITE_COLUMNS") == sprites.SPRITE_COLUMNS
    assert constant("components/beta_lab/beta_state.js", "LOG_RANGE") == [math.log10(beta) for beta in BETA_RANGE]
    assert constant("components/beta_lab/lab_views.js", "SAMPLES") == SAMPLES
    assert constant("components/neighbours/neighbours.js", "MEASURED") == neighbours.MEASURED
    assert constant("components/neighbours/neighbours.js", "DIRECTIONS") == paths.DIRECTIONS


def test_the_page_and_the_server_leave_the_same_out_of_an_address():
    """address.js removes what belongs to the site that frames the app by the same patterns as addresses.py."""
    text = (scripts.DASHBOARD / "web" / "address.js").read_text(encoding="utf-8")
    patterns = dict(re.findall(r"^const (\w+) = /(.+)/;$", text, re.MULTILINE))
    assert patterns["HOSTS"] == f"^({addresses.HOSTS.pattern})$"
    folder = patterns["COMMUNITY_CLOUD"].removesuffix("(?=[^/]*$)")
    assert re.fullmatch(folder, "/" + addresses.COMMUNITY_CLOUD)
    assert not re.fullmatch(folder, "/" + addresses.COMMUNITY_CLOUD.replace("+", ""))
