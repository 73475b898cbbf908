/* Says in plain words when the page cannot open its WebSocket, which Streamlit shows as a skeleton that never ends.

   In the page's head, before Streamlit's own script (dashboard/middleware.py puts it there). Streamlit asks whether the
   server is well before it tries again, so a second refusal means that HTTP works and WebSocket does not. A connection
   that is neither opened nor refused is waited for.

   The root of the app, which the server marks with data-root, needs a slash at its end: scripts and pictures are
   looked for relative to it. Some proxies (jupyter-server-proxy) serve it without.

   And: Streamlit guesses how much of a page's address is the server's, first all of it, and waits .1 s before its next
   guess. All pages are one segment deep, so it is told, unless a host has told it another address. */
(() => {
  if (document.currentScript && "root" in document.currentScript.dataset && !location.pathname.endsWith("/")) {
    location.replace(`${location.pathname}/${location.search}${location.hash}`);
    return;
  }
  if (!("__streamlit" in window)) {
    Object.assign(window, { __streamlit: { BACKEND_BASE_URL: new URL("./", location.href).href } });
  }
  const WAIT = 10_000; // ms
  const Native = window.WebSocket;
  let refused = 0;
  let connected = false;
  /** @type {HTMLElement | null} */
  let notice = null;

  function say() {
    if (connected || notice || !document.body) return;
    const sheet = (notice = document.createElement("div"));
    sheet.setAttribute("role", "alert");
    sheet.id = "no-websocket";
    sheet.style.cssText =
      "position:fixed;inset:0;z-index:999999;overflow:auto;background:Canvas;color:CanvasText;" +
      "color-scheme:light dark;font:1.05rem/1.55 system-ui,sans-serif";
    const text = document.createElement("div");
    text.style.cssText = "max-width:42rem;margin:12vh auto;padding:0 1.5rem";
    /** @type {(tag: "h1" | "p", words: string) => void} */
    const line = (tag, words) => text.append(Object.assign(document.createElement(tag), { textContent: words }));
    line("h1", "This page cannot connect");
    line(
      "p",
      "The server answers, but it could not be reached by WebSocket, and everything on this page comes that way. " +
        "Something between this browser and the server (a reverse proxy, a company network, a browser extension) " +
        "does not pass WebSocket connections on.",
    );
    line("p", "If you are visiting: try another network, or tell whoever runs this page.");
    line(
      "p",
      "If you run it: the proxy has to use HTTP/1.1 towards the server and pass the headers Upgrade, Connection " +
        "and Host on for “_stcore/stream”. The section “Behind a reverse proxy” " +
        "of docs/hosting.md has the lines for nginx.",
    );
    line("p", "It is being tried again; this message goes away as soon as it works.");
    sheet.append(text);
    document.body.append(sheet);
  }

  window.WebSocket = class extends Native {
    /** @param {string | URL} address @param {string | string[]} [protocols] */
    constructor(address, protocols) {
      super(address, protocols);
      if (!String(address).includes("_stcore/stream")) return;
      const timer = setTimeout(say, WAIT);
      this.addEventListener("open", () => {
        clearTimeout(timer);
        connected = true; // Streamlit reports later failures
        notice?.remove();
      });
      this.addEventListener("close", () => {
        clearTimeout(timer);
        if (++refused >= 2) say();
      });
    }
  };
})();
