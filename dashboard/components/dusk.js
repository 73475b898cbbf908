/* Asks for a rerun when the page's scheme is not the one the server has drawn for: once a change, so never in a circle.
   Data: { dark }. */

export default function ({ data, parentElement, setTriggerValue }) {
  const mark = parentElement.querySelector("i");
  const look = () => {
    const dark = getComputedStyle(mark).color === "rgb(255, 255, 255)";
    if (dark !== mark.dark && dark !== data.dark) setTriggerValue("turned", dark);
    mark.dark = dark;
  };
  mark.ontransitionend = look;
  look();
}
