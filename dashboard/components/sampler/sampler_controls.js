/* The sampler's controls: what they report when they are moved, what they offer, what they show. */

import { make, putText } from "../../web/elements.js";

/** @import { SamplerData, SampleSettings } from "../../web/data.js" */
/** @typedef {(changes: Partial<SampleSettings>, soon: boolean) => void} Change `soon`: a single step, no movement */

const SEEDS = 10_000;

/**
 * A seed of the noise from what was typed: a whole number of at most four digits.
 * @param {string} text
 */
export const seedOf = (text) => Math.min(SEEDS - 1, Math.max(0, Math.round(Number(text)) || 0));

export class SamplerControls {
  /** What is offered, as text. */
  offered = "";

  /** @param {HTMLElement} root @param {Change} change @param {() => SampleSettings} settings as they are */
  constructor(root, change, settings) {
    /** @type {(selector: string) => any} */
    this.find = (selector) => root.querySelector(selector);
    this.change = change;
    /**
     * @param {string} selector @param {string} event @param {(element: any) => Partial<SampleSettings>} changes
     * @param {boolean} [soon]
     */
    const on = (selector, event, changes, soon = true) => {
      const element = this.find(selector);
      element.addEventListener(event, () => change(changes(element), soon));
    };
    on(".temperature", "input", ({ value }) => ({ temperature: Number(value) }), false);
    on(".noise", "change", ({ value }) => ({ noise: seedOf(value) }));
    on(".class", "change", ({ value }) => ({ class: value }));
    on(".count", "change", ({ value }) => ({ number: Number(value) }));
    on(".nearest", "change", ({ checked }) => ({ nearest: checked }));
    on(".vae_prior", "change", ({ checked }) => ({ vae_prior: checked }));
    on(".again", "click", () => ({ noise: (settings().noise + 1) % SEEDS }));
  }

  /**
   * The choices, which are the page's.
   * @param {SamplerData} data
   */
  offer({ sources, classes, class_word, drawable, numbers }) {
    const offered = JSON.stringify([sources.map(({ id }) => id), classes, drawable, numbers]);
    if (this.offered === offered) return;
    this.offered = offered;
    this.find(".sources").replaceChildren(
      ...sources.map(({ id }) =>
        make(
          "button",
          { "data-source": id, onclick: () => this.change({ source: id }, true) },
          id === "class" ? `one ${class_word}` : id,
        ),
      ),
    );
    this.find(".class").replaceChildren(
      ...classes.map((name, i) => make("option", { value: name, disabled: !drawable[i] }, name)),
    );
    this.find(".count").replaceChildren(...numbers.map((n) => make("option", { value: n }, String(n))));
  }

  /**
   * The controls show the settings.
   * @param {SampleSettings} settings @param {SamplerData} data
   */
  show(settings, { sources, class_word, references }) {
    const { find } = this,
      { source, temperature, nearest } = settings;
    for (const button of find(".sources").children)
      button.setAttribute("aria-pressed", String(button.dataset.source === source));
    putText(find(".slide .value"), temperature.toFixed(2));
    this.put(".temperature", temperature);
    this.put(".noise", settings.noise);
    this.put(".count", settings.number);
    this.put(".class", settings.class);
    find(".nearest").checked = nearest;
    find(".vae_prior").checked = settings.vae_prior;
    find(".which").hidden = source !== "class";
    find(".kept").hidden = source === "prior" || source === "class";
    find(".pairs").hidden = !nearest;
    const compared = `the most similar of ${references.toLocaleString("en")} training images`;
    putText(find(".pairs"), `Left: a sample; right of it: ${compared}.`);
    const about = sources.find(({ id }) => id === source)?.about ?? "";
    putText(find(".about"), about.replace("{class}", `${class_word} ${settings.class}`));
  }

  /**
   * A control's value; a field that is being typed into is left alone.
   * @param {string} selector @param {string | number} value
   */
  put(selector, value) {
    const element = this.find(selector),
      typing = element.type === "number" && element === element.getRootNode().activeElement;
    if (!typing && element.value !== String(value)) element.value = value;
  }
}
