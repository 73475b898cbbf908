/* A drawing pad for the server: after every stroke the image goes there, as C * H * W bytes in base64. `data.image` is
   what was drawn before the pad was last taken off the page, or "". Data: `PadData` in data.d.ts. */

import { Component, mount } from "../../web/component.js";
import { Pad } from "../../web/drawing_pad.js";
import { formatOf } from "../../web/image.js";

/** @import { Mount, PadData, Report } from "../../web/data.js" */

/** @param {Mount<PadData>} component */
export default function (component) {
  return mount(component, ".drawn", DrawingPad);
}

class DrawingPad extends Component {
  /** @type {Pad | undefined} */
  pad;
  hint = "";

  /** @param {PadData} data @param {Report} _ @param {Report} set changes a value that the server keeps */
  update({ hint, label, image, shape, ground }, _, set) {
    this.hint = hint;
    const pad = (this.pad ??= this.makePad(label, image));
    const { format } = pad;
    pad.take(
      formatOf(shape),
      ground.map((level) => level / 255),
    );
    if (pad.format.pixels !== format.pixels && image) pad.start(levelsOf(image, pad.format.pixels));
    this.draw();
    pad.canvas.onpointerup = pad.canvas.onpointercancel = () => {
      if (!pad.last) return;
      pad.last = null;
      const pixels = pad.image().map((v) => Math.round(255 * v));
      set("image", btoa(String.fromCharCode(...pixels)));
    };
    this.find("button").onclick = () => {
      pad.start();
      this.draw();
      set("image", "");
    };
  }

  /** @param {string} label @param {string} image base64 */
  makePad(label, image) {
    const canvas = this.find("canvas");
    canvas.setAttribute("aria-label", label);
    const pad = (this.pad = new Pad(canvas, () => this.draw()));
    canvas.after(pad.palette);
    if (image) pad.start(levelsOf(image, pad.format.pixels));
    return pad;
  }

  draw() {
    this.pad?.draw(this.hint);
  }
}

/**
 * The image in base64 of bytes; null where it is none of so many numbers.
 * @param {string} image @param {number} pixels
 */
function levelsOf(image, pixels) {
  const levels = Float32Array.from(atob(image), (c) => c.charCodeAt(0) / 255);
  return levels.length === pixels ? levels : null;
}
