/* A drawing pad for the server: after every stroke the image goes there, as 784 grey levels in base64. `data.image` is
   what was drawn before the pad was last taken off the page, or "". Data: `PadData` in data.d.ts. */

import { Component, mount } from "../../web/component.js";
import { Pad } from "../../web/drawing.js";

/** @import { Mount, PadData, Tell } from "../../web/data.js" */

/** @param {Mount<PadData>} component */
export default function (component) {
  return mount(component, ".drawn", DrawingPad);
}

class DrawingPad extends Component {
  /** @type {Pad | undefined} */
  pad;
  hint = "";

  /** @param {PadData} data @param {Tell} _ @param {Tell} set changes a value that the server keeps */
  update({ hint, label, image }, _, set) {
    this.hint = hint;
    const pad = (this.pad ??= this.makePad(label, image));
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
    if (image) pad.start(Float32Array.from(atob(image), (c) => c.charCodeAt(0) / 255));
    this.draw();
    return pad;
  }

  draw() {
    this.pad?.draw(this.hint);
  }
}
