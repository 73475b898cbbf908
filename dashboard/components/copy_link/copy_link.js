/* Copies the address of the page as it is. Data: { label, done, failed }. */

import { publicAddress } from "../../web/address.js";

/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

/** @param {import("../../web/data.js").Mount<import("../../web/data.js").CopyLinkData>} component */
export default function ({ data, parentElement }) {
  const button = parentElement.querySelector("button"),
    field = parentElement.querySelector("input");
  button.textContent = data.label;
  field.hidden = true;
  button.onclick = async () => {
    field.value = publicAddress();
    let copied = true;
    try {
      await navigator.clipboard.writeText(field.value);
    } catch {
      // Without https, or in a frame that does not grant it, there is no clipboard: the old way, through a selection.
      field.hidden = false;
      field.select();
      copied = document.execCommand("copy");
    }
    field.hidden = copied;
    if (!copied) field.select(); // so that Ctrl+C is all that is left to do
    button.textContent = copied ? data.done : data.failed;
    clearTimeout(timer);
    if (copied) timer = setTimeout(() => (button.textContent = data.label), 2500);
  };
}
