/* One value for several components of a page, e.g. the image that all of them are about. */

/** @typedef {(value: any) => void} Listener */
/** @typedef {{value: unknown, listeners: Set<Listener>}} Topic */

const page = /** @type {{pointOrCloudTopics?: Map<string, Topic>}} */ (globalThis);
const topics = (page.pointOrCloudTopics ??= new Map());

/** @param {string} name @returns {Topic} */
function topic(name) {
  const found = topics.get(name) ?? { value: undefined, listeners: new Set() };
  topics.set(name, found);
  return found;
}

/**
 * Sets a topic's value and calls its listeners.
 * @param {string} name @param {unknown} value
 */
export function publish(name, value) {
  topic(name).value = value;
  for (const listener of topic(name).listeners) listener(value);
}

/**
 * Calls back now, if there is a value, and at every later one; returns a function that stops it.
 * @param {string} name @param {Listener} listener
 */
export function subscribe(name, listener) {
  topic(name).listeners.add(listener);
  if (topic(name).value !== undefined) listener(topic(name).value);
  return () => topic(name).listeners.delete(listener);
}

/**
 * As `subscribe`, for what is too much for every movement: calls back when the value rests and the element is on
 * screen.
 * @param {string} name @param {Element} element @param {Listener} listener
 */
export function subscribeAtRest(name, element, listener, milliseconds = 200) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  /** @type {unknown} */
  let value;
  let waiting = false;
  let visible = false;
  const settle = () => {
    if (waiting && visible) {
      waiting = false;
      listener(value);
    }
  };
  const seen = new IntersectionObserver(
    ([entry]) => {
      visible = entry.isIntersecting;
      settle();
    },
    {
      rootMargin: "200px",
    },
  );
  seen.observe(element);
  const stop = subscribe(name, (next) => {
    const first = value === undefined;
    value = next;
    clearTimeout(timer);
    timer = setTimeout(
      () => {
        waiting = true;
        settle();
      },
      first ? 0 : milliseconds,
    );
  });
  return () => {
    stop();
    seen.disconnect();
    clearTimeout(timer);
  };
}
