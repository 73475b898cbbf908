/* Asks for a rerun when the page's color scheme is not the one that the server has drawn for. Streamlit may learn of
   the new scheme a moment after the page has changed, and a busy server answers late, so it asks again after longer and
   longer waits: a few times for each change, never without end. A change is noticed by the end of a transition; should
   that event be lost (the element was being replaced), a look every second finds it. Data: { dark }. */

const WAITS = [150, 600, 1500, 3000, 6000, 12000, 24000]; // ms before each request
const LOOK_EVERY = 1000; // ms

/** @param {import("../../web/data.js").Mount<import("../../web/data.js").ColorSchemeData>} component */
export default function ({ data, parentElement, setTriggerValue }) {
  const mark = parentElement.querySelector("i");
  const stop = () => {
    clearTimeout(mark.timer);
    mark.timer = undefined;
  };
  const look = () => {
    const dark = getComputedStyle(mark).color === "rgb(255, 255, 255)";
    if (dark !== mark.dark) {
      stop();
      mark.dark = dark;
      mark.asked = 0;
    }
    if (dark === mark.drawn) {
      stop();
      return;
    }
    if (mark.timer !== undefined || mark.asked >= WAITS.length) return;
    mark.timer = setTimeout(() => {
      mark.timer = undefined;
      mark.asked += 1;
      setTriggerValue("turned", dark);
      look();
    }, WAITS[mark.asked]);
  };
  mark.ontransitionend = look;
  mark.drawn = data.dark;
  look();
  const watch = setInterval(look, LOOK_EVERY);
  return () => {
    clearInterval(watch);
    stop();
  };
}
