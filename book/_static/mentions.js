// Shows what a mention leads to, a formula, a figure, a theorem or an exercise, while the pointer or
// the keyboard's focus is on its link. Escape puts the preview away; the pointer may move on to it; it
// stays until both have left. It holds nothing to operate, so it adds no stop for the Tab key. Without
// this script the links are plain links.
{
  const KINDS = /#(?:formula|figure|theorem|lemma|proposition|corollary|exercise)-/u;
  const NO_USE = "script, noscript, button, input, select, .headerlink";
  // Milliseconds: the pointer may only be passing; it needs time to move from the link to the preview.
  const OPEN_AFTER = 250;
  const CLOSE_AFTER = 250;

  const preview = document.createElement("div");
  preview.id = "mention-preview";
  preview.role = "tooltip";
  const pages = new Map();
  let shown = null;
  let timer = 0;

  const later = (job, delay) => {
    clearTimeout(timer);
    timer = setTimeout(job, delay);
  };
  const named = (page, hash) => page.querySelector(`[id="${decodeURIComponent(hash.slice(1))}"]`);
  const ask = async (address) => {
    const answer = await fetch(address);
    return new DOMParser().parseFromString(answer.ok ? await answer.text() : "", "text/html");
  };

  // The page that a link leads to: this one, or one of the site's, fetched once; null if it cannot be.
  const pageOf = (url) => {
    if (url.origin === location.origin && url.pathname === location.pathname) {
      return document;
    }
    if (url.protocol === "file:") {
      return null;
    }
    const address = url.origin + url.pathname;
    if (!pages.has(address)) {
      pages.set(address, ask(address).catch(() => null));
    }
    return pages.get(address);
  };

  // What to show of a target: of an exercise all but its hints and solutions.
  const partsOf = (target) => {
    const parts = [target];
    let next = target.nextElementSibling;
    while (target.matches("p.exercise") && next && !next.matches("details, .cell, .exercise")) {
      parts.push(next);
      next = next.nextElementSibling;
    }
    return parts;
  };

  // A copy to be looked at only: no names, nothing to operate, pictures found from here.
  const copyOf = (part, url) => {
    const copy = document.createElement("div");
    copy.append(document.importNode(part, true));
    // Where no formula is, their style is not loaded; browsers set the MathML without it.
    const styled = [...document.styleSheets].some((sheet) => (sheet.href ?? "").includes("katex"));
    for (const useless of copy.querySelectorAll(styled ? NO_USE : `${NO_USE}, .katex-html`)) {
      useless.remove();
    }
    for (const element of copy.querySelectorAll("*")) {
      if (!element.closest("svg")) {
        element.removeAttribute("id");
      }
      element.removeAttribute("tabindex");
    }
    for (const image of copy.querySelectorAll("img")) {
      image.src = new URL(image.getAttribute("src"), url).href;
      image.loading = "eager";
    }
    for (const link of copy.querySelectorAll("a")) {
      link.replaceWith(...link.childNodes);
    }
    return copy;
  };

  // Below the link, or above it where there is more room; never beyond the window's sides.
  const place = (link) => {
    const [at] = link.getClientRects();
    const frame = preview.offsetParent.getBoundingClientRect();
    const { clientWidth, clientHeight } = document.documentElement;
    const left = Math.max(8, Math.min(at.left, clientWidth - preview.offsetWidth - 8));
    const above = at.bottom + preview.offsetHeight > clientHeight && at.top > clientHeight / 2;
    const top = above ? at.top - preview.offsetHeight : at.bottom;
    preview.style.left = `${left - frame.left}px`;
    preview.style.top = `${top - frame.top}px`;
  };

  // A wide formula is set smaller: a scroll bar would be a stop for the Tab key.
  const fit = () => {
    for (const formula of preview.querySelectorAll("div.math")) {
      const share = formula.clientWidth / formula.scrollWidth;
      formula.style.fontSize = share < 1 ? `${Math.max(0.5, share * 0.98)}em` : "";
    }
  };

  const close = () => {
    clearTimeout(timer);
    preview.remove();
    shown?.removeAttribute("aria-describedby");
    shown = null;
  };

  const isWanted = (link) => link.matches(":hover, :focus-visible");

  const open = async (link) => {
    const url = new URL(link.href);
    const page = shown === link ? null : await pageOf(url);
    const target = page && named(page, url.hash);
    if (!target || !isWanted(link)) {
      return;
    }
    close();
    shown = link;
    preview.replaceChildren(...partsOf(target).map((part) => copyOf(part, url)));
    (link.closest("main") ?? document.body).append(preview);
    link.setAttribute("aria-describedby", preview.id);
    fit();
    place(link);
  };

  const linkOf = (event) => {
    const link = event.target.closest?.("a.mention");
    return link && KINDS.test(link.getAttribute("href")) ? link : null;
  };
  const closeUnlessWanted = () => {
    if (shown && !isWanted(shown) && !preview.matches(":hover")) {
      close();
    }
  };

  document.addEventListener("pointerover", (event) => {
    const link = event.pointerType === "mouse" ? linkOf(event) : null;
    if (link) {
      later(() => isWanted(link) && open(link), OPEN_AFTER);
    } else if (shown) {
      later(closeUnlessWanted, CLOSE_AFTER);
    }
  });
  document.addEventListener("focusin", (event) => {
    const link = linkOf(event);
    if (link && isWanted(link)) {
      open(link);
    }
  });
  document.addEventListener("focusout", () => later(closeUnlessWanted, CLOSE_AFTER));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      close();
    }
  });
  // A picture from another page has its size only when it has come.
  preview.addEventListener("load", () => shown && place(shown), true);
}
