/* Copies the address of the page as it is in the address bar. Data: { label, done }. */

export default function ({ data, parentElement }) {
  const button = parentElement.querySelector("button");
  button.textContent = data.label;
  button.onclick = async () => {
    const address = window.location.href;
    try {
      await navigator.clipboard.writeText(address);
    } catch {
      // Without https a browser has no clipboard to offer: the old way, through a selection.
      const field = Object.assign(document.createElement("textarea"), { value: address, style: "position:fixed;opacity:0" });
      document.body.append(field);
      field.select();
      document.execCommand("copy");
      field.remove();
    }
    button.textContent = data.done;
    clearTimeout(button.timer);
    button.timer = setTimeout(() => (button.textContent = data.label), 2500);
  };
}
