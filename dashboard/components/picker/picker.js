// A grid of buttons, each showing one tile of a sprite. data: { url, columns, names }.
/** @param {import("../../web/data.js").Mount<import("../../web/data.js").PickerData>} component */
export default function ({ data, parentElement, setTriggerValue }) {
  let grid = parentElement.querySelector(".picker");
  if (!grid) {
    grid = document.createElement("div");
    grid.className = "picker";
    parentElement.append(grid);
  }
  const rows = Math.ceil(data.names.length / data.columns);
  grid.replaceChildren(
    ...data.names.map((name, i) => {
      const button = document.createElement("button");
      button.type = "button";
      button.title = name;
      button.setAttribute("aria-label", `${name} (image ${i})`);
      const x = data.columns > 1 ? (i % data.columns) / (data.columns - 1) : 0;
      const y = rows > 1 ? Math.floor(i / data.columns) / (rows - 1) : 0;
      button.style.backgroundImage = `url("${data.url}")`;
      button.style.backgroundSize = `${data.columns * 100}% ${rows * 100}%`;
      button.style.backgroundPosition = `${x * 100}% ${y * 100}%`;
      button.onclick = () => setTriggerValue("chosen", i);
      return button;
    }),
  );
}
