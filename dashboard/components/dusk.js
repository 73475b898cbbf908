/* Asks for a rerun when the page's scheme is not the one the server has drawn for. Streamlit may tell the server of the new
   scheme only after the rerun was asked for, so it is asked again, three times a change at most: never in a circle.
   Data: { dark }. */

const PATIENCE = 3000; // ms

export default function ({ data, parentElement, setTriggerValue }) {
  const mark = parentElement.querySelector("i");
  const look = () => {
    clearTimeout(mark.timer);
    const dark = getComputedStyle(mark).color === "rgb(255, 255, 255)";
    if (dark !== mark.dark) mark.left = 3;
    mark.dark = dark;
    if (dark === mark.drawn || mark.left <= 0) return;
    mark.left -= 1;
    setTriggerValue("turned", dark);
    mark.timer = setTimeout(look, PATIENCE);
  };
  mark.ontransitionend = look;
  mark.drawn = data.dark;
  look();
  return () => clearTimeout(mark.timer);
}
