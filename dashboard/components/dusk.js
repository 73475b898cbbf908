/* Asks for a rerun when the page's scheme is not the one the server has drawn for. Streamlit may come to know the new scheme
   a moment after the page has changed, so the rerun is asked for after one, and if it came too early again, later each time:
   a few times a change at most, never in a circle. Data: { dark }. */

const WAITS = [150, 600, 1500, 3000]; // ms before each time of asking

export default function ({ data, parentElement, setTriggerValue }) {
  const mark = parentElement.querySelector("i");
  const look = () => {
    clearTimeout(mark.timer);
    const dark = getComputedStyle(mark).color === "rgb(255, 255, 255)";
    if (dark !== mark.dark) mark.asked = 0;
    mark.dark = dark;
    if (dark === mark.drawn || mark.asked >= WAITS.length) return;
    mark.timer = setTimeout(() => {
      mark.asked += 1;
      setTriggerValue("turned", dark);
      look();
    }, WAITS[mark.asked]);
  };
  mark.ontransitionend = look;
  mark.drawn = data.dark;
  look();
  return () => clearTimeout(mark.timer);
}
