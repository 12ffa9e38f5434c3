// What is larger than its slide: [number and heading, what, its first words] of each. Reveal shows one
// slide at a time and hides the others; in print all of them are there.
() => {
  const BELOW = 44; // kept free for the number of the slide and the way home
  const SIDE = 40; // and at each side
  const TIGHT = "p, li, h1, h2, h3, pre, table, img, svg, figure, button, input, select, output";
  const BOXES = "pre, .operated, .companion-figure, table, figure";
  const inPrint = document.documentElement.classList.contains("reveal-print");
  const found = [];

  const seen = (element) =>
    element.getBoundingClientRect().width > 0 &&
    element.checkVisibility({ contentVisibilityAuto: true }) &&
    !element.closest("details:not([open]) table, .katex, svg svg, title");

  const look = (slide, number) => {
    const page = slide.querySelector(":scope > .page");
    const box = page.getBoundingClientRect();
    const share = box.width / 1280;
    const name = `${number}: ${page.querySelector("h1, h2").textContent}`;
    const say = (element, what) =>
      found.push([name, `${element.tagName} ${what}`, element.textContent.trim().slice(0, 50)]);

    const within = (element) => {
      const r = element.getBoundingClientRect();
      const sides = [r.left - box.left, r.top - box.top, r.right - box.left, r.bottom - box.top];
      const [left, top, right, bottom] = sides.map((side) => side / share);
      if (left < SIDE - 1 || top < -1 || right > 1281 - SIDE || bottom > 721 - BELOW) {
        say(element, [left, top, right, bottom].map(Math.round).join(" "));
      }
    };

    for (const element of [...page.querySelectorAll(TIGHT)].filter(seen)) {
      within(element);
    }
    for (const part of page.querySelectorAll(".katex-html > :is(.base, .tag)")) {
      within(part);
    }
    for (const element of page.querySelectorAll(BOXES)) {
      if (element.scrollWidth > element.clientWidth + 2) {
        say(element, `${element.scrollWidth} wide in ${element.clientWidth}`);
      }
      // Invisible parts of a formula reach a few pixels below its line.
      if (!element.matches("pre, table") && element.scrollHeight > element.clientHeight + 8) {
        say(element, `${element.scrollHeight} high in ${element.clientHeight}`);
      }
    }
    if (page.scrollHeight > page.clientHeight + 1) {
      say(page, `${page.scrollHeight} high`);
    }
  };

  Reveal.getSlides().forEach((slide, k) => {
    if (!inPrint) {
      const { h, v } = Reveal.getIndices(slide);
      Reveal.slide(h, v);
    }
    look(slide, k + 1);
  });
  return found;
}
