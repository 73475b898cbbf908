/* The test images that an end of a path can be set to by a click, and which end that is. */

import { make, putText } from "../../web/elements.js";
import { imageButtons } from "../../web/image_buttons.js";

/** @import { InterpolatorData } from "../../web/data.js" */
/** @import { Sprite } from "../../web/sprites.js" */
/** @import { End } from "./interpolator_words.js" */

export class ImageGallery {
  /** @type {End} the end that a click sets */
  end = "a";
  /** Address of the sprite that is shown. */
  shown = "";

  /**
   * @param {HTMLDetailsElement} box with a summary, `.which` and `.thumbs`
   * @param {(end: End, index: number) => void} onChoose called with the test image that was clicked
   */
  constructor(box, onChoose) {
    this.box = box;
    this.onChoose = onChoose;
    this.thumbs = /** @type {HTMLElement} */ (box.querySelector(".thumbs"));
    this.buttons = /** @type {const} */ (["a", "b"]).map((end, i) =>
      make("button", { "data-end": end, onclick: () => this.choose(end) }, `Set the ${i ? "second" : "first"} end`),
    );
    /** @type {HTMLElement} */ (box.querySelector(".which")).append(...this.buttons);
    this.choose("a");
  }

  /** @param {End} end that a click sets from now on */
  choose(end) {
    this.end = end;
    for (const button of this.buttons) button.setAttribute("aria-pressed", String(button.dataset.end === end));
  }

  /**
   * Other test images; they are drawn when the gallery is opened.
   * @param {InterpolatorData} data @param {Sprite} sprite @param {ArrayLike<number>} labels
   */
  take(data, sprite, labels) {
    const { box } = this;
    this.shown = data.sprite;
    putText(/** @type {Element} */ (box.querySelector("summary")), `Choose from the first ${data.gallery} test images`);
    const fill = () =>
      this.thumbs.replaceChildren(
        ...imageButtons(
          Array.from({ length: data.gallery }, (_, i) => i),
          sprite,
          labels,
          data,
          (i) => this.onChoose(this.end, i),
        ),
      );
    box.ontoggle = () => box.open && fill();
    if (box.open) fill();
  }
}
