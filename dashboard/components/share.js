/* One value for several components of a page, e.g. the image that all of them are about. No imports; see networks.js. */

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
