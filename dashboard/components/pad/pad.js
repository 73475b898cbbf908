/* A drawing pad for the server: after every stroke the image goes there, as 784 grey levels in base64.
   data: { hint, label, image }: image is what was drawn before the pad was last taken off the page, or "". */

import { Pad } from "../../web/drawing.js";

/** @param {import("../../web/data.js").Mount<import("../../web/data.js").PadData>} component */
export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".drawn");
  const send = (image) =>
    setStateValue("image", image ? btoa(String.fromCharCode(...image.map((v) => Math.round(255 * v)))) : "");
  if (!root.pad) {
    const canvas = root.querySelector("canvas");
    root.pad = new Pad(canvas, () => root.pad.draw(data.hint));
    canvas.setAttribute("aria-label", data.label);
    if (data.image) root.pad.start(Float32Array.from(atob(data.image), (c) => c.charCodeAt(0) / 255));
    root.pad.draw(data.hint);
  }
  const { pad } = root;
  pad.canvas.onpointerup = pad.canvas.onpointercancel = () => {
    if (!pad.last) return;
    pad.last = null;
    send(pad.image());
  };
  root.querySelector("button").onclick = () => {
    pad.start();
    pad.draw(data.hint);
    send(null);
  };
}
