// What all figures share. A page gets this file and the figure's own in one function, without
// imports and exports (`inlined` in _page.py): a name at the top of a file is for both.

// What a script does to the figure of this name that does not speak yet. A restarted kernel counts
// from one again, and a copied cell shows the same text twice: a page may have a name more than once.
export function parts(name) {
  const silent = document.querySelector(`#${name} > .words:empty`);
  const root = silent ? silent.parentElement : document.querySelector(`#${name}`);
  const one = (selector) => root.querySelector(selector);
  return {
    one,
    all: (selector) => [...root.querySelectorAll(selector)],
    on: (selector, kind, act) => one(selector).addEventListener(kind, act),
    say: (text) => { one(".words").textContent = text; },
  };
}

export function set(element, attributes) {
  for (const name in attributes) { element.setAttribute(name, attributes[name]); }
}

// From the units of the data to pixels, across and up.
export function scales(box) {
  return [
    (x) => box.left + (x - box.x0) / (box.x1 - box.x0) * (box.right - box.left),
    (y) => box.bottom - (y - box.y0) / (box.y1 - box.y0) * (box.bottom - box.top),
  ];
}

// The `points` of an SVG line.
export function line([px, py], points) {
  return points.map(([x, y]) => `${px(x)},${py(y)}`).join(" ");
}

// A function at x, from its values at equal steps across a box: a cubic through the nearest four.
export function lookup(list, { x0, x1 }, x) {
  const place = (x - x0) / (x1 - x0) * (list.length - 1);
  const k = Math.max(0, Math.min(Math.floor(place) - 1, list.length - 4)), p = place - k;
  return (list[k + 3] * p * (p - 1) * (p - 2) - list[k] * (p - 1) * (p - 2) * (p - 3)) / 6 +
    (list[k + 1] * p * (p - 2) * (p - 3) - list[k + 2] * p * (p - 1) * (p - 3)) / 2;
}

// Uniform random numbers, always the same from the same seed (mulberry32).
export function uniforms(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6D2B79F5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
