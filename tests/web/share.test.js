/* One value for several components: whoever subscribes hears the present value and every later one, until it stops
   listening. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { publish, subscribe } from "../../dashboard/web/share.js";

test("a subscriber hears the present value at once, then every later one, and nothing of other topics", () => {
  const heard = [];
  publish("a", 1);
  const stop = subscribe("a", (value) => heard.push(value));
  publish("a", 2);
  publish("b", 9);
  stop();
  publish("a", 3);
  assert.deepEqual(heard, [1, 2]);
});

test("without a value nothing is heard before the first", () => {
  const heard = [];
  subscribe("new", (value) => heard.push(value));
  assert.deepEqual(heard, []);
  publish("new", 0);
  assert.deepEqual(heard, [0]);
});

test("components that were built apart share their topics: each carries its own copy of the code", async () => {
  const other = await import("../../dashboard/web/share.js?another");
  const heard = [];
  assert.notEqual(other.subscribe, subscribe);
  other.subscribe("shared", (value) => heard.push(value));
  publish("shared", 5);
  assert.deepEqual(heard, [5]);
});
