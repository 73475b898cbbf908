/* One end of a path: its image, and the ways to choose another. */

import { paint } from "../../web/canvas.js";
import { make, putText } from "../../web/elements.js";

/** @import { Format } from "../../web/image.js" */
/**
 * @typedef {object} Choices
 * @property {(label: number) => void} ofClass the first image of a class, or the next where it is one already
 * @property {() => void} draw
 */

export class EndCard {
  /** @param {string} heading @param {Choices} choices */
  constructor(heading, choices) {
    this.tile = make("canvas", { class: "tile", role: "img" });
    this.name = make("p", { class: "name", "aria-live": "polite" });
    this.classes = make("select", { "aria-label": `Class, ${heading}` });
    this.classes.onchange = () => choices.ofClass(Number(this.classes.value));
    this.another = make("button", { onclick: () => choices.ofClass(Number(this.classes.value)) }, "Another");
    this.draw = make("button", { "aria-pressed": "false", onclick: () => choices.draw() }, "Draw");
    this.box = make(
      "section",
      { "aria-label": heading },
      this.tile,
      make(
        "div",
        {},
        make("h3", {}, heading),
        this.name,
        make("div", { class: "row" }, this.classes, this.another, this.draw),
      ),
    );
  }

  /** @param {string[]} names of the classes, those without a test image left empty */
  menu(names) {
    if (this.classes.dataset.names === String(names)) return;
    this.classes.dataset.names = String(names);
    this.classes.replaceChildren(
      ...names.flatMap((name, i) => (name ? [make("option", { value: i }, name)] : [])),
      make("option", { value: -1, hidden: true }, "drawn"),
    );
  }

  /**
   * @param {Float32Array} image @param {Format} format @param {string} name
   * @param {number} label class, or -1 for a drawing
   * @param {string} word for a class @param {boolean} drawing whether the pad is open for this end
   */
  show(image, format, name, label, word, drawing) {
    paint(this.tile, image, format);
    this.tile.setAttribute("aria-label", name);
    putText(this.name, name);
    if (this.classes.value !== String(label)) this.classes.value = String(label);
    this.another.disabled = label < 0;
    this.another.title = `Another test image of this ${word}`;
    this.draw.setAttribute("aria-pressed", String(drawing));
  }
}
