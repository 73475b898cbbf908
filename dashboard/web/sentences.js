/* Sentences that Python writes, in which models are named in their colours. */

import { make } from "./elements.js";
import { inked } from "./look.js";

/**
 * A sentence of the pages, in which models are named like ":orange[**AE**]", in parts: texts, and models' names.
 * @param {string} sentence
 * @returns {(string | {name: string})[]}
 */
export function inParts(sentence) {
  return sentence
    .split(/(:\w+\[\*\*.+?\*\*\])/)
    .filter(Boolean)
    .map((part) => {
      const found = /^:\w+\[\*\*(.+?)\*\*\]$/.exec(part);
      return found ? { name: found[1] } : part;
    });
}

/**
 * Writes a sentence of the pages; one that is there already in these colours is left alone.
 * @param {HTMLElement} element @param {string} sentence @param {(name: string) => string} colorOf a model
 */
export function putSentence(element, sentence, colorOf) {
  const parts = inParts(sentence).map((part) =>
      typeof part === "string" ? part : { ...part, color: colorOf(part.name) },
    ),
    text = JSON.stringify(parts);
  if (element.dataset.text === text) return;
  element.dataset.text = text;
  element.replaceChildren(
    ...parts.map((part) =>
      typeof part === "string" ? part : make("b", { style: `color:${inked(part.color)}` }, part.name),
    ),
  );
}
