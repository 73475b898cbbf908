/* The KL weight in the page: page and browser agree whenever no message is under way, whatever crossed whatever before.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { BetaState } from "../../dashboard/components/beta_lab/beta_state.js";
import { uniform } from "./tools.js";

test("an echo of the weight before does not move the knob", () => {
  const knob = new BetaState();
  assert.ok(knob.receive({ beta: 1, sequence: 0 }));
  knob.move(Math.log10(4));
  assert.deepEqual(knob.rest(4), { beta: 4, sequence: 0 });
  assert.equal(knob.receive({ beta: 1, sequence: 0 }), false, "the page has not heard yet");
  assert.equal(knob.value([]), 4);
  assert.equal(knob.rest(4), null, "and the same weight is not reported twice");
});

test("the page's own choice moves the knob, wherever that is", () => {
  const knob = new BetaState();
  knob.receive({ beta: 1, sequence: 0 });
  knob.move(0.3);
  assert.ok(knob.receive({ beta: 0.5, sequence: 1 }));
  assert.equal(knob.value([]), 0.5);
  assert.ok(knob.resting);
});

test("the knob stays in its range, and a weight is a trained one, the page's own, or rounded to three digits", () => {
  const knob = new BetaState();
  knob.receive({ beta: 3.14159, sequence: 0 });
  assert.equal(knob.value([]), 3.14159);
  knob.move(Math.log10(2.5) + 1e-9);
  assert.equal(knob.value([2.5]), 2.5);
  knob.move(0.123456);
  assert.equal(knob.value([2.5]), 1.33);
  knob.move(7);
  assert.equal(knob.value([]), 10);
  knob.move(-7);
  assert.equal(knob.value([]), 0.1);
});

/* The page as dashboard/session/beta_state.py has it: a message made under an older number is dropped. */
class Page {
  beta = 1;
  sequence = 0;
  link(beta) {
    Object.assign(this, { beta, sequence: this.sequence + 1 });
  }
  hear({ beta, sequence }) {
    if (sequence === this.sequence) this.beta = beta;
  }
  get data() {
    return { beta: this.beta, sequence: this.sequence };
  }
}

test("whatever the order of moves, links, messages and updates, both sides end with the same weight", () => {
  for (let seed = 1; seed <= 300; seed++) {
    const next = uniform(seed);
    const chance = () => (next() + 1) / 2;
    const page = new Page(),
      knob = new BetaState(),
      up = [],
      down = [page.data];
    knob.receive(down.shift());
    const hear = () => {
      page.hear(up.shift());
      down.push(page.data);
    };
    for (let step = 0; step < 40; step++) {
      const way = Math.floor(4 * chance());
      if (way === 0) {
        knob.move(next());
        const message = knob.rest(knob.value([]));
        if (message) up.push(message);
      } else if (way === 1) {
        page.link(Number((0.1 + 9 * chance()).toPrecision(3)));
        down.push(page.data);
      } else if (way === 2 && up.length) hear();
      else if (way === 3 && down.length) knob.receive(down.shift());
    }
    while (up.length) hear();
    while (down.length) knob.receive(down.shift());
    assert.equal(knob.value([]), page.beta, `seed ${seed}`);
  }
});
