/* The pad on which an end of a path is drawn. */

import { Pad } from "../../web/drawing_pad.js";
import { putText } from "../../web/elements.js";
import { clears } from "../../web/keys.js";
import { fromText, rounded, toText } from "./drawn_text.js";

/** @import { Format } from "../../web/image.js" */
/** @import { Sprite } from "../../web/sprites.js" */
/** @import { End } from "./interpolator_words.js" */

export class EndDrawing {
  /** @type {End | null} the end that is being drawn */
  end = null;

  /**
   * @param {HTMLElement} row with the pad, a line of text and the buttons
   * @param {(end: End, text: string) => void} changed called with the drawing as text after every movement of the pen;
   *   "" if the pad is empty
   * @param {() => void} done called when a person has finished
   */
  constructor(row, changed, done) {
    /** @type {(selector: string) => any} */
    const find = (selector) => row.querySelector(selector);
    this.row = row;
    this.changed = changed;
    this.line = find("p");
    this.pad = new Pad(find(".pad"), () => this.drawn());
    this.pad.canvas.onkeydown = (event) => {
      if (!clears(event)) return;
      event.preventDefault();
      this.clear();
    };
    this.line.after(this.pad.palette);
    find(".clear").onclick = () => this.clear();
    find(".done").onclick = done;
  }

  /**
   * What is drawn: images like these.
   * @param {Sprite} sprite @param {number} count of its images
   */
  take(sprite, count) {
    this.pad.takeSprite(sprite, count);
  }

  /**
   * Opens the pad for an end, with the drawing that the end is, if it is one; null closes it.
   * @param {End | null} end @param {string} text @param {Format} format
   */
  open(end, text, format) {
    this.end = end;
    if (end) this.pad.start(text ? fromText(text, format) : null);
  }

  clear() {
    this.pad.start();
    this.drawn();
  }

  /** The pen has moved, or the pad was cleared. */
  drawn() {
    const { end, pad, changed } = this;
    if (!end) return;
    const image = rounded(pad.image()),
      empty = pad.format.channels > 1 ? pad.blank : !image.some((v) => v > 0);
    changed(end, empty ? "" : toText(image, pad.format));
  }

  /** Shows the pad, if it is open. */
  draw() {
    const { end, pad } = this;
    this.row.hidden = !end;
    if (!end) return;
    pad.draw("Draw here");
    const note = pad.format.channels > 1 ? "" : " It is fitted into the image the way MNIST was made.";
    putText(this.line, `Draw the ${end === "a" ? "start" : "end"} of the path.${note}`);
  }
}
