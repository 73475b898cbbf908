/* One value for several components of a page, e.g. the image that all of them are about. */

const topics = (globalThis.pointOrCloudTopics ??= new Map());

function topic(name) {
  if (!topics.has(name)) topics.set(name, { value: undefined, listeners: new Set() });
  return topics.get(name);
}

/** Sets a topic's value and tells everyone who listens. */
export function publish(name, value) {
  topic(name).value = value;
  for (const listener of topic(name).listeners) listener(value);
}

/** Calls back now, if there is a value, and at every later one; returns a function that stops it. */
export function subscribe(name, listener) {
  topic(name).listeners.add(listener);
  if (topic(name).value !== undefined) listener(topic(name).value);
  return () => topic(name).listeners.delete(listener);
}

/** As `subscribe`, for what is too much for every movement: calls back when the value rests and the element is on screen. */
export function subscribeAtRest(name, element, listener, milliseconds = 200) {
  let timer = 0,
    waiting = false,
    visible = false,
    value;
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
