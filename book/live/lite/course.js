// What the course adds to the page of notebooks: links between chapters, fresh copies, descriptions
// of figures. Stands in the head, so that it hears of everything first.
"use strict";

(() => {
  // The notebooks keep one storage for each place that they are published at.
  const STORAGE = `JupyterLite Storage - ${new URL("../", location.href).pathname}`;
  const STORE = "files";
  const BOOK = new URL("../../book/", location.href);
  const here = new URLSearchParams(location.search).get("path") ?? "";
  let leaving = false;

  // ------------------------------------------------------------------- the reader's own copies

  /** Do something with the store of copies, or nothing where there is none. */
  function withCopies(mode, ask) {
    return new Promise((resolve) => {
      const opening = indexedDB.open(STORAGE);
      opening.addEventListener("error", () => resolve());
      // Whoever opens a storage that is not there makes it: that is left to the notebooks.
      opening.addEventListener("upgradeneeded", () => opening.transaction.abort());
      opening.addEventListener("success", () => {
        const storage = opening.result;
        if (!storage.objectStoreNames.contains(STORE)) {
          storage.close();
          resolve();
          return;
        }
        const asked = ask(storage.transaction(STORE, mode).objectStore(STORE));
        asked.addEventListener("success", () => { storage.close(); resolve(asked.result); });
        asked.addEventListener("error", () => { storage.close(); resolve(); });
      });
    });
  }

  const ownCopy = () => withCopies("readonly", (store) => store.get(here));

  async function freshCopy() {
    leaving = true;
    await withCopies("readwrite", (store) => store.delete(here));
    location.reload();
  }

  addEventListener("beforeunload", (event) => {
    if (leaving) { event.stopImmediatePropagation(); }
  }, true);

  const add = (parent, tag, text, more = {}) => {
    const element = Object.assign(document.createElement(tag), { textContent: text, ...more });
    parent.append(element);
    return element;
  };

  async function bar() {
    const box = add(document.body, "div", "", { id: "course-bar" });
    box.setAttribute("role", "region");
    box.setAttribute("aria-label", "This notebook and the book");
    const page = here.startsWith("hw") ? "homework" : here.replace(/\.ipynb$/u, "");
    add(box, "a", "The page in the book", { href: new URL(`${page}.html`, BOOK).href });
    const note = add(box, "span", "", { id: "course-note" });
    note.setAttribute("role", "status");
    const button = add(box, "button", "Fresh copy", { type: "button", hidden: true });
    button.addEventListener("click", () => {
      const question = "Throw away your copy of this notebook, and begin with the book's?";
      if (confirm(question)) { freshCopy(); }
    });
    const answer = await fetch("../editions.json", { cache: "no-cache" });
    const editions = answer.ok ? await answer.json() : {};
    const look = async () => {
      const copy = await ownCopy();
      button.hidden = !copy;
      const edition = copy?.content?.metadata?.course?.edition;
      const old = copy && editions[here] && edition !== editions[here];
      const text = old ? "Your copy is older than the book." : "Your copy, kept in this browser.";
      const said = copy ? text : "";
      if (note.textContent !== said) { note.textContent = said; }
    };
    await look();
    setInterval(look, 3000);
  }

  // -------------------------------------------------------------------------------- the links

  /** The heading of a name, whatever its case: the book's anchors are in small letters. */
  const heading = (name) =>
    [...document.querySelectorAll(".jp-RenderedMarkdown :is(h1, h2, h3, h4, h5, h6)")].find(
      (h) => [h.id, h.dataset.jupyterId].some((id) => id?.toLowerCase() === name.toLowerCase()),
    );

  function goTo(name) {
    const found = heading(name);
    found?.scrollIntoView();
    return Boolean(found);
  }

  addEventListener("click", (event) => {
    const link = event.target.closest?.(".jp-RenderedMarkdown a[href], .jp-RenderedHTMLCommon a[href]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) { return; }
    const target = new URL(link.href);
    if (target.origin !== location.origin) { return; }
    const anchor = decodeURIComponent(target.hash.slice(1));
    const name = decodeURIComponent(target.pathname).split("/").pop();
    const stop = () => { event.preventDefault(); event.stopImmediatePropagation(); };
    if (name.endsWith(".ipynb")) {
      stop();
      location.assign(`?path=${encodeURIComponent(name)}${target.hash}`);
    } else if (name.endsWith(".md")) {
      stop();
      open(new URL(`${name.replace(/\.md$/u, ".html")}${target.hash}`, BOOK), "_blank", "noopener");
    } else if (anchor && heading(anchor)) {
      stop();
      goTo(anchor);
      history.replaceState({}, "", target.hash);
    }
  }, true);

  // ------------------------------------------------------------------ what the figures show

  /** The description of a figure stands in the metadata of its cell. */
  function describe(image) {
    const cell = image.closest(".jp-Cell");
    const shown = globalThis.jupyterapp?.shell.currentWidget?.content?.widgets ?? [];
    const widget = [...shown].find((w) => w.node === cell);
    const alt = widget?.model.getMetadata("mystnb")?.image?.alt;
    if (alt) { image.alt = alt; }
  }

  function begin() {
    bar();
    const wanted = decodeURIComponent(location.hash.slice(1));
    let waiting = Boolean(wanted);
    new MutationObserver(() => {
      document.querySelectorAll(".jp-RenderedImage img:not([alt])").forEach((image) => describe(image));
      if (waiting && goTo(wanted)) {
        waiting = false;
        // What is above grows while it is set.
        [300, 1000, 2000].forEach((time) => setTimeout(goTo, time, wanted));
      }
    }).observe(document.body, { childList: true, subtree: true });
  }

  addEventListener("DOMContentLoaded", begin);
})();
