/* One view of a page becomes another one: what is the same stays, so components keep their state. */

import { draw, hosts, leave, mounted, turns } from "./hosts.js";

/**
 * Makes an element's content that of another one, keeping what is the same.
 * @param {Element} old @param {Element} now @param {boolean} fresh whether components start again
 */
export function morph(old, now, fresh) {
  const before = [...old.childNodes],
    after = [...now.childNodes];
  after.forEach((next, i) => {
    const last = before[i];
    if (!last) old.append(next);
    else if (!same(last, next, fresh)) {
      if (last instanceof Element) leave(last);
      last.replaceWith(next);
    } else if (last instanceof HTMLElement && next instanceof HTMLElement) {
      const component = last.classList.contains("component"),
        changed = attributes(last, next);
      if (component) {
        if (changed) draw(last);
      } else morph(last, next, fresh);
    } else if (last.nodeValue !== next.nodeValue) last.nodeValue = next.nodeValue;
  });
  for (const rest of before.slice(after.length)) {
    if (rest instanceof Element) leave(rest);
    rest.remove();
  }
  for (const host of hosts(old)) if (!mounted.has(host) && !turns.has(host)) draw(host);
}

/**
 * Whether an element of the page can become another one, rather than be replaced by it.
 * @param {Node} a @param {Node} b @param {boolean} fresh
 */
function same(a, b, fresh) {
  if (a.nodeType !== b.nodeType || a.nodeName !== b.nodeName) return false;
  if (!(a instanceof HTMLElement) || !(b instanceof HTMLElement)) return !(a instanceof Element);
  const component = a.classList.contains("component");
  if (component !== b.classList.contains("component")) return false;
  return component ? !fresh && a.dataset.name === b.dataset.name && a.dataset.key === b.dataset.key : true;
}

/**
 * Gives an element the attributes of another one; returns whether any was different.
 * @param {HTMLElement} a @param {HTMLElement} b
 */
function attributes(a, b) {
  const own = a.classList.contains("component") ? ["data-mounted", "style", "class"] : ["open"];
  let changed = false;
  for (const { name } of [...a.attributes])
    if (!b.hasAttribute(name) && !own.includes(name)) {
      a.removeAttribute(name);
      changed = true;
    }
  for (const { name, value } of [...b.attributes])
    if (!own.includes(name) && a.getAttribute(name) !== value) {
      a.setAttribute(name, value);
      changed = true;
    }
  return changed;
}
