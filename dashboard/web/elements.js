/* Elements and their texts; when an element is on screen. */

/**
 * An element's text; one that has it already is left alone, so that nothing has to be laid out again.
 * @param {Element} element @param {string} words
 */
export function putText(element, words) {
  if (element.textContent !== words) element.textContent = words;
}

/**
 * Texts into a table's body, row by row; cells that are there already are kept.
 * @param {HTMLTableElement | HTMLTableSectionElement} body
 * @param {string[][]} rows
 * @param {"td" | "th"} first what a row's first cell is made as
 */
export function putRows(body, rows, first = "td") {
  rows.forEach((texts, i) => {
    const row = body.rows[i] ?? body.appendChild(make("tr"));
    texts.forEach((words, j) => putText(row.cells[j] ?? row.appendChild(make(j ? "td" : first)), words));
  });
  while (body.rows.length > rows.length) body.rows[rows.length].remove();
}

/**
 * A new element: make("span", {class: "name"}, "text", child, ...). Attributes that begin with "on" are listeners;
 * those that are null or false are left out.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, string | number | boolean | null | ((event: any) => void)>} attributes
 * @param {...(string | Node)} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== false) element.setAttribute(name, value === true ? "" : String(value));
  }
  if (tag === "canvas" && !("aria-label" in attributes) && !("role" in attributes))
    element.setAttribute("aria-hidden", "true"); // the words beside it say what it shows
  element.append(...children);
  return element;
}

/**
 * The name of latent number j, which is counted from 0: z₁, z₂, …
 * @type {(j: number) => string}
 */
export const unitName = (j) => "z" + String(j + 1).replace(/\d/g, (digit) => "₀₁₂₃₄₅₆₇₈₉"[Number(digit)]);

/**
 * Resolves when the element is on screen, or a moment later anyway: networks that are seen first are fetched and run
 * first.
 * @param {Element} element
 * @returns {Promise<void>}
 */
export function inTurn(element, moment = 800) {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      watch.disconnect();
      resolve();
    };
    const watch = new IntersectionObserver((seen) => seen.some(({ isIntersecting }) => isIntersecting) && done());
    const timer = setTimeout(done, moment);
    watch.observe(element);
  });
}
