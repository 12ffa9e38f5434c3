// What is larger than its slide: [number and heading, what, its first words] of each. Reveal shows
// one slide at a time and hides the others; in print all of them are there.
{
  const { Reveal } = globalThis;
  // Kept free: below for the number of the slide and the way home, and at each side.
  const BELOW = 44;
  const SIDE = 40;
  const TIGHT = "p, li, h1, h2, h3, pre, table, img, svg, figure, button, input, select, output";
  const FORMULAS = ".katex-html > :is(.base, .tag)";
  const BOXES = "pre, .operated, .companion-figure, table, figure";
  const UNSEEN = "details:not([open]) table, .katex, svg svg, title";

  const isSeen = (element) =>
    element.getBoundingClientRect().width > 0 &&
    element.checkVisibility({ contentVisibilityAuto: true }) &&
    !element.closest(UNSEEN);

  // What an element does that does not fit, or nothing.
  const outside = (element, box) => {
    const r = element.getBoundingClientRect();
    const sides = [r.left - box.left, r.top - box.top, r.right - box.left, r.bottom - box.top];
    const at = sides.map((side) => (side * 1280) / box.width);
    const fits = at[0] >= SIDE - 1 && at[1] >= -1 && at[2] <= 1281 - SIDE && at[3] <= 721 - BELOW;
    return fits ? "" : at.map((side) => Math.round(side)).join(" ");
  };

  const bursts = (element) => {
    if (element.scrollWidth > element.clientWidth + 2) {
      return `${element.scrollWidth} wide in ${element.clientWidth}`;
    }
    // Invisible parts of a formula reach a few pixels below its line.
    const room = element.clientHeight + (element.matches(".page") ? 1 : 8);
    const high = element.scrollHeight > room && !element.matches("pre, table");
    return high ? `${element.scrollHeight} high in ${element.clientHeight}` : "";
  };

  const look = (page, number) => {
    const box = page.getBoundingClientRect();
    const name = `${number}: ${page.querySelector("h1, h2").textContent}`;
    const tight = [...page.querySelectorAll(TIGHT)].filter((element) => isSeen(element));
    return [
      ...[...tight, ...page.querySelectorAll(FORMULAS)].map((e) => [e, outside(e, box)]),
      ...[page, ...page.querySelectorAll(BOXES)].map((e) => [e, bursts(e)]),
    ]
      .filter(([, what]) => what)
      .map(([e, what]) => [name, `${e.tagName} ${what}`, e.textContent.trim().slice(0, 50)]);
  };

  globalThis.overflowing = () => {
    const inPrint = document.documentElement.classList.contains("reveal-print");
    return Reveal.getSlides().flatMap((slide, k) => {
      if (!inPrint) {
        const { h, v } = Reveal.getIndices(slide);
        Reveal.slide(h, v);
      }
      return look(slide.querySelector(":scope > .page"), k + 1);
    });
  };
}
