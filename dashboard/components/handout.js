/* Opens a page that was taken home: unpacks the files it holds, mounts its components with their networks. */

(async () => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const files = read("files"),
    components = read("components"),
    addresses = {};

  async function unpack(text) {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).blob();
  }
  const address = (name) => (addresses[name] ??= unpack(files[name]).then((blob) => URL.createObjectURL(blob)));

  /** The data with every "file:..." in it replaced by an address that the scripts can fetch. */
  async function resolved(value) {
    if (typeof value === "string") return value.startsWith("file:") && files[value] ? address(value) : value;
    if (Array.isArray(value)) return Promise.all(value.map(resolved));
    if (value && typeof value === "object")
      return Object.fromEntries(
        await Promise.all(Object.entries(value).map(async ([key, inside]) => [key, await resolved(inside)])),
      );
    return value;
  }

  const modules = {};
  for (const [name, { js }] of Object.entries(components))
    modules[name] = import(URL.createObjectURL(new Blob([js], { type: "text/javascript" })));
  const data = (element) => JSON.parse(element.querySelector("script").textContent);
  for (const element of document.querySelectorAll(".component")) {
    const { name } = element.dataset,
      { html, css } = components[name];
    const given = await resolved(data(element));
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
