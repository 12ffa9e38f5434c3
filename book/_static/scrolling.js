// What can be scrolled is a stop for the Tab key. It is measured when the reader comes near: all at
// once would lay out the whole chapter before the first click.
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
}
