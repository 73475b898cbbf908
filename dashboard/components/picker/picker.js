/* A grid of buttons, each showing one tile of a sprite. Data: `PickerData` in data.d.ts. */

import { Component, mount } from "../../web/component.js";
import { make } from "../../web/elements.js";

/** @import { Mount, PickerData, Report } from "../../web/data.js" */

/** @param {Mount<PickerData>} component */
export default function (component) {
  return mount(component, ".picker", Picker);
}

class Picker extends Component {
  /** @param {PickerData} data @param {Report} report */
  update({ url, columns, names }, report) {
    const rows = Math.ceil(names.length / columns);
    /** @type {(place: number, count: number) => number} in per cent of what the sprite overlaps a button */
    const percent = (place, count) => (count > 1 ? (100 * place) / (count - 1) : 0);
    this.root.replaceChildren(
      ...names.map((name, i) => {
        const button = make("button", { type: "button", title: name, "aria-label": `${name} (image ${i})` });
        Object.assign(button.style, {
          backgroundImage: `url("${url}")`,
          backgroundSize: `${columns * 100}% ${rows * 100}%`,
          backgroundPosition: `${percent(i % columns, columns)}% ${percent(Math.floor(i / columns), rows)}%`,
        });
        button.onclick = () => report("chosen", i);
        return button;
      }),
    );
  }
}
