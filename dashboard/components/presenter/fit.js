/* Type as large as lets the whole scene stand on the screen: a projector is not scrolled. presenter.css uses --fit. */

const LEAST = 0.6; // of the type's full size, below which it is not made smaller
const STEP = 0.03;
const SOON = 120; // milliseconds: pictures are drawn, and drawn again for another screen, after the page around them

/** @param {boolean} present whether the scene is presented; else the type has its usual size */
export function fit(present) {
  const main = document.querySelector("[data-testid=stMain]"),
    { style } = document.documentElement;
  if (!present || !main) return void style.removeProperty("--fit");
  for (let size = 1; ; size -= STEP) {
    style.setProperty("--fit", String(size));
    if (main.scrollHeight <= main.clientHeight + 1 || size <= LEAST) return;
  }
}

/**
 * Fits now, and whenever the scene or the window has another size; returns a function that stops it.
 * @param {boolean} present
 */
export function keepFitting(present) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(() => fit(present), SOON);
  };
  const resized = new ResizeObserver(soon),
    whole = document.querySelector("[data-testid=stMainBlockContainer]");
  if (whole) resized.observe(whole);
  window.addEventListener("resize", soon);
  fit(present);
  return () => {
    clearTimeout(timer);
    resized.disconnect();
    window.removeEventListener("resize", soon);
  };
}
