// What can be scrolled is a stop for the Tab key. It is measured when the reader comes near, and the
// rest one by one while nobody waits: all at once would lay out the whole chapter before a click.
{
  const MAY_SCROLL = "pre, .cell_output > .output, .pst-scrollable-table-container";
  const near = new Set();

  const measure = (element) => {
    const scrolls = element.scrollWidth > element.clientWidth || element.scrollHeight > element.clientHeight;
    element.toggleAttribute("tabindex", scrolls);
    if (scrolls) {
      element.tabIndex = 0;
    }
  };
  const watcher = new IntersectionObserver(
    (changes) => {
      for (const { target, isIntersecting } of changes) {
        near[isIntersecting ? "add" : "delete"](target);
        if (isIntersecting) {
          measure(target);
        }
      }
    },
    { rootMargin: "100%" },
  );
  const look = () => {
    for (const element of document.querySelectorAll(MAY_SCROLL)) {
      watcher.observe(element);
    }
    for (const element of near) {
      measure(element);
    }
  };

  let timer = 0;
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(look, 300);
  };
  addEventListener("resize", soon);
  new MutationObserver(soon).observe(document.querySelector("#main-content"), { subtree: true, childList: true });
  look();

  const rest = [...document.querySelectorAll(MAY_SCROLL)];
  const idle = globalThis.requestIdleCallback ?? ((job) => setTimeout(job, 100));
  const measureNext = () => {
    if (rest.length === 0) {
      document.documentElement.dataset.stops = "known";
      return;
    }
    measure(rest.shift());
    idle(measureNext);
  };
  addEventListener("load", () => idle(measureNext));
}
