/* A formula. Data: `FormulaData` in data.d.ts; the markup is the project's own. */

/** @param {import("../../web/data.js").Mount<import("../../web/data.js").FormulaData>} component */
export default function ({ data, parentElement }) {
  parentElement.querySelector(".formula").innerHTML = data.mathml;
}
