/* What is said to people when something fails in the page. */

/**
 * Why something has not arrived, and what helps; a function of the error, for `Component.loaded`.
 * @param {string} what e.g. "The maps"
 * @returns {(error: Error) => string}
 */
export const notLoaded =
  (what) =>
  ({ message }) =>
    `${what} could not be loaded (${message}). Reload the page.`;
