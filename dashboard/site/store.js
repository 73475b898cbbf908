/* What the scripts of the static site share: where its files are, and what they hold. In a file that opens from disk,
   `packed` holds what the hosted form fetches. */

/** @typedef {Record<string, string>} Choices */
/** @typedef {[Choices, string]} View its choices and its path */
/** @typedef {{usual: Choices, views: View[], ahead: string[], free: string[]}} Table */
/** @typedef {{files: Record<string, string>, texts: Record<string, string>, table: Table}} Packed */

export const html = document.documentElement;
export const root = new URL(html.dataset.root ?? "./", document.baseURI);
export const SITE = "site:";

const holder = document.getElementById("packed");
/** @type {Packed | null} */
export const packed = holder ? JSON.parse(holder.textContent ?? "null") : null;

/** @type {Record<string, Promise<string>>} */
const blobs = {};

/** @param {BlobPart} bytes what gzip has made */
export const gunzip = (bytes) =>
  new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
/** @param {string} text gzip in base64 */
export const unpack = async (text) => gunzip(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)));

const TYPES = { js: "text/javascript", png: "image/png", svg: "image/svg+xml", json: "application/json" };

/**
 * The address of one of the site's files.
 * @param {string} name
 * @returns {Promise<string> | string}
 */
export function address(name) {
  if (!packed) return new URL(name, root).href;
  const suffix = /** @type {keyof typeof TYPES} */ (name.split(".").pop());
  return (blobs[name] ??= unpack(packed.files[name]).then((bytes) =>
    URL.createObjectURL(new Blob([bytes], { type: TYPES[suffix] ?? "application/octet-stream" })),
  ));
}

/**
 * The text of one of the site's files; components' data are compressed.
 * @param {string} name
 */
export async function textOf(name) {
  let bytes;
  if (packed) bytes = await unpack(packed.files[name]);
  else {
    const answer = await fetch(new URL(name, root));
    if (!answer.ok) throw new Error(`${answer.status} ${name}`);
    bytes = await answer.arrayBuffer();
  }
  return new TextDecoder().decode(name.endsWith(".gz.bin") ? await gunzip(bytes) : bytes);
}

/**
 * The value with every "site:..." in it replaced by an address that scripts can load.
 * @param {any} value
 * @returns {Promise<any>}
 */
export async function resolved(value) {
  if (typeof value === "string") return value.startsWith(SITE) ? address(value.slice(SITE.length)) : value;
  if (Array.isArray(value)) return Promise.all(value.map(resolved));
  if (value && typeof value === "object")
    return Object.fromEntries(
      await Promise.all(Object.entries(value).map(async ([key, inside]) => [key, await resolved(inside)])),
    );
  return value;
}

export const isDark = () =>
  html.dataset.theme ? html.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;

/** @param {string | undefined} text @param {any} otherwise */
export const parsed = (text, otherwise) => (text ? JSON.parse(text) : otherwise);
