/* Opens a page that was taken home: unpacks the files it holds, mounts its components with their networks. */

(async () => {
  /** @type {(id: string) => any} */
  const read = (id) => JSON.parse(document.getElementById(id)?.textContent ?? "null");
  /** @type {Record<string, string>} */
  const files = read("files");
  /** @type {Record<string, {html?: string, css?: string, js: string}>} */
  const components = read("components");
  /** @type {Record<string, Promise<string>>} */
  const addresses = {};

  /** @param {string} text gzip in base64 */
  async function unpack(text) {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).blob();
  }
  /** @type {(name: string) => Promise<string>} */
  const address = (name) => (addresses[name] ??= unpack(files[name]).then((blob) => URL.createObjectURL(blob)));

  /**
   * The data with every "file:..." in it replaced by an address that the scripts can fetch.
   * @param {any} value
   * @returns {Promise<any>}
   */
  async function resolved(value) {
    if (typeof value === "string") return value.startsWith("file:") && files[value] ? address(value) : value;
    if (Array.isArray(value)) return Promise.all(value.map(resolved));
    if (value && typeof value === "object")
      return Object.fromEntries(
        await Promise.all(Object.entries(value).map(async ([key, inside]) => [key, await resolved(inside)])),
      );
    return value;
  }

  /** @type {Record<string, Promise<any>>} */
  const modules = {};
  for (const [name, { js }] of Object.entries(components))
    modules[name] = import(URL.createObjectURL(new Blob([js], { type: "text/javascript" })));
  for (const element of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(".component"))) {
    const name = String(element.dataset.name),
      { html, css } = components[name];
    const given = await resolved(JSON.parse(element.querySelector("script")?.textContent ?? "null"));
    const shadow = element.attachShadow({ mode: "open" });
    shadow.innerHTML = `<style>${css ?? ""}</style>${html ?? ""}`;
    const nothing = () => {}; // there is no server to tell
    modules[name].then(
      (module) =>
        module.default({
          data: given,
          name,
          key: given?.key,
          parentElement: shadow,
          setStateValue: nothing,
          setTriggerValue: nothing,
        }),
      (error) => (element.textContent = `This part cannot be shown here (${error.message}).`),
    );
  }
})();
