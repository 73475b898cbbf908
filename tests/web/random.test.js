/* Random numbers of the page are numpy's: the expected ones are those of numpy.random.default_rng. */

import assert from "node:assert/strict";
import test from "node:test";

import { Rng } from "../../dashboard/web/random.js";
import { close } from "./tools.js";

const NUMPY = {
  0: {
    normal: [-1.3183469125276122, 0.4074079616785333, 0.15540730975754227],
    uniform: [0.4181952930054602, 0.2392932281475746],
  },
  1: {
    normal: [1.8566776888510157, 1.714069626293028, 0.22883960321760555],
    uniform: [0.6837973487925383, 0.0795269443372203],
  },
  9999: {
    normal: [-0.6038266789877847, -0.8762399490877589, 1.1732601139643755],
    uniform: [0.9212135146148643, 0.4187582086439443],
  },
  4294967295: {
    normal: [-0.9818124401521242, -1.1641706445548423, 0.210237955210414],
    uniform: [0.5143157803149848, 0.5788168726481958],
  },
};

for (const [seed, { normal, uniform }] of Object.entries(NUMPY))
  test(`seed ${seed}: standard_normal(20000)[-3:], then random(2)`, () => {
    const rng = new Rng(Number(seed)),
      drawn = Array.from({ length: 20000 }, () => rng.normal());
    close(drawn.slice(-3), normal, 1e-12);
    close([rng.uniform(), rng.uniform()], uniform, 1e-15);
    const far = drawn.filter((value) => Math.abs(value) > 3.6541528853610088).length;
    assert.ok(far > 0, "the tail beyond the lowest layer is drawn from, too");
  });
