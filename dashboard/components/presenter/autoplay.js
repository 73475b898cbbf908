/* Whether the walkthrough, playing automatically, goes on now. */

const PAUSE = 45; // seconds without a touch or key after which it goes on, at most

/**
 * A scene stays for its time; an answer, once it is shown, a little shorter. After a touch or a key it waits for four
 * times the scene's time, 45 s at most.
 * @param {{seconds: number, revealed: boolean}} scene
 * @param {{shown: number, idle: number, hidden: boolean}} now seconds since the scene was shown, and since the last
 *   touch or key; whether the page is out of sight
 */
export function goesOn({ seconds, revealed }, { shown, idle, hidden }) {
  return !hidden && shown >= (revealed ? 0.8 : 1) * seconds && idle >= Math.min(PAUSE, 4 * seconds);
}
