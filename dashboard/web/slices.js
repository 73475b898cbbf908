/* Long computations in slices of time, so that the page can draw and answer in between. */

/**
 * Takes up to `milliseconds` for the next steps of jobs that yield the share that is done; finished ones are removed.
 * Returns the share of the first job that is left.
 * @param {{next(): IteratorResult<unknown, unknown>}[]} jobs @param {number} milliseconds
 */
export function work(jobs, milliseconds) {
  const until = performance.now() + milliseconds;
  let share = 0;
  while (jobs.length && performance.now() < until) {
    const { value, done } = jobs[0].next();
    share = done ? 0 : Number(value);
    if (done) jobs.shift();
  }
  return share;
}
