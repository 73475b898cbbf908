/* Before the first paint: the visitor's choice between light and dark, and whether the address asks for another view
   than the one in this file, which is then not shown first. */
(() => {
  const html = document.documentElement;
  try {
    const theme = localStorage.getItem("point-or-cloud-theme");
    if (theme === "light" || theme === "dark") html.dataset.theme = theme;
  } catch {
    // A page from disk may have no storage; the browser's own preference applies.
  }
  if (location.search) {
    html.dataset.pending = "1";
    setTimeout(() => delete html.dataset.pending, 4000); // whatever happens, something is shown
  }
})();
