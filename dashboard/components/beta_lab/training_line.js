/* The line below the knob, in words and buttons: where a network is or was trained, how far it is, what can be done. */

import { make, putText } from "../../web/elements.js";
import { duration, short } from "../../web/measures.js";

/** @import { InPage, LocalBeta, TrainedBeta } from "../../web/data.js" */
/** @import { PageTraining } from "../../web/training/page_training.js" */
/** @typedef {"train" | "stop" | "go" | "give" | "forget"} Act */
/**
 * `state` is read out by screen readers when it changes; `now` changes all the time; `share` is what is done, 0 to 1.
 * @typedef {{state: string, now?: string, share?: number, buttons?: [Act, string][]}} Line
 */

/** @param {number} epochs */
const counted = (epochs) => (epochs === 0 || epochs >= 0.1 ? epochs.toFixed(1) : epochs.toFixed(2));

/**
 * The line for the weight under the knob.
 * @param {InPage} inPage @param {number} beta
 * @param {PageTraining | undefined} training of this weight
 * @param {TrainedBeta | LocalBeta | undefined} run of this weight
 * @param {PageTraining | undefined} other the training of another weight that is running
 * @param {boolean} given whether the server has been asked for this weight
 * @returns {Line}
 */
export function lineOf(inPage, beta, training, run, other, given) {
  const label = `β = ${short(beta, 4)}`;
  if (training && training.state !== "done") {
    const { epochs } = training.config,
      left = training.secondsLeft,
      done = `${counted(training.epoch)} of ${epochs} epochs`,
      now = left === null ? done : `${done}, about ${duration(left)} left`;
    const share = training.fraction;
    if (training.state === "failed")
      return { state: `The training in this browser failed: ${training.problem}`, buttons: [["train", "Try again"]] };
    if (training.state === "stopped")
      return { state: "Stopped", now: `after ${done}`, share, buttons: [["go", "Continue"]] };
    if (training.state === "loading") return { state: "Loading the images to train on", buttons: [["stop", "Stop"]] };
    return { state: "", now, share, buttons: [["stop", "Stop"]] };
  }
  if (run && "key" in run) {
    /** @type {Line["buttons"]} */
    const buttons = inPage.server && !given ? [["give", "Give it to everyone"]] : [];
    const now = `${run.epochs} epochs in ${duration(run.seconds)}, kept in this browser only.`;
    return {
      state: given ? "The server was asked to train it for everyone." : "",
      now,
      buttons: [...buttons, ["forget", "Delete"]],
    };
  }
  if (other && other.secondsLeft !== null) {
    const name = `β = ${short(other.config.beta ?? 0, 4)}`;
    return { state: "", now: `${name} is in training in this browser, about ${duration(other.secondsLeft)} left` };
  }
  if (run) return { state: "" };
  const { config, images } = inPage.start;
  return {
    state: "",
    now: `${config.epochs} epochs of ${images.train.toLocaleString("en")} images; nothing leaves your device.`,
    buttons: [["train", `Train ${label} in this browser`]],
  };
}

/**
 * Writes the line. Buttons stay the same elements as long as they say the same, so that a press is not lost.
 * @param {HTMLElement} box @param {Line} line @param {(act: Act) => void} act
 */
export function drawLine(box, { state, now = "", share, buttons = [] }, act) {
  const find = (/** @type {string} */ selector) => /** @type {HTMLElement} */ (box.querySelector(selector));
  putText(find(".state"), state);
  putText(find(".now"), now);
  const bar = /** @type {HTMLProgressElement} */ (find("progress"));
  bar.hidden = share === undefined;
  bar.value = share ?? 0;
  const row = find(".acts"),
    words = buttons.map(([name, text]) => `${name} ${text}`).join();
  if (row.dataset.words === words) return;
  row.dataset.words = words;
  const kept =
    row.contains(document.activeElement) || row.contains(/** @type {any} */ (row.getRootNode()).activeElement);
  row.replaceChildren(
    ...buttons.map(([name, text]) => make("button", { "data-act": name, onclick: () => act(name) }, text)),
  );
  if (kept) /** @type {HTMLElement | null} */ (row.firstElementChild)?.focus({ preventScroll: true });
}
