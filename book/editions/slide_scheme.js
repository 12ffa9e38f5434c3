// Before the first paint: the colours that the reader has chosen on the site, or those of the system.
{
  const root = document.documentElement;
  let mode = "auto";
  try {
    mode = localStorage.getItem("mode") || mode;
    // a browser may forbid it
  } catch {}
  if (mode === "auto") {
    mode = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  }
  root.dataset.theme = location.search.includes("print-pdf") ? "light" : mode;
}
