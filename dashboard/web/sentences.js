/* Sentences that Python writes, in which models are named in their colours. */

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
