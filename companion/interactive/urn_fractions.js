import { line, scales, set, uniforms } from "./runtime.js";

// The fraction of white among the draws of one urn: a ball comes back with another of its colour.
export function fraction(next, white, black, draws) {
  let seen = 0;
  for (let i = 0; i < draws; i += 1) {
    if (next() * (white + black + i) < white + seen) { seen += 1; }
  }
  return seen / draws;
}

// Equal bins from 0 to 1; with few draws one bin for each fraction that there can be.
export function histogram(fractions, draws) {
  const bins = Math.min(25, draws + 1), count = Array.from({ length: bins }, () => 0);
  for (const f of fractions) {
    const bin = draws < 25 ? Math.round(f * draws) : Math.floor(f * bins);
    count[Math.min(bin, bins - 1)] += 1;
  }
  return count;
}

// Points on the density of Beta(a, b), normalized by its own sum.
export function density(a, b) {
  const grid = Array.from({ length: 401 }, (_, i) => (i + 0.5) / 401);
  const values = grid.map((t) => Math.exp((a - 1) * Math.log(t) + (b - 1) * Math.log(1 - t)));
  const total = values.reduce((sum, value) => sum + value / 401, 0);
  return grid.map((t, i) => [t, values[i] / total]);
}

function spread(variance) {
  return `standard deviation ${Math.sqrt(variance).toFixed(3)}.`;
}

export function words(fractions, white, black, draws) {
  const n = fractions.length, mean = white / (white + black);
  const [m, square] = [1, 2].map((k) => fractions.reduce((sum, f) => sum + f ** k / n, 0));
  return `${n} urns that began with ${white} white and ${black} black, after ${draws} draws: ` +
    `mean ${m.toFixed(3)}, ${spread(square - m * m)} Beta(${white}, ${black}): ` +
    `mean ${mean.toFixed(3)}, ${spread(mean * (1 - mean) / (white + black + 1))}`;
}

export function start({ one, all, on, say }, { n, seed, box }) {
  const [px, py] = scales(box);
  let drawn = seed;
  function show() {
    const [white, black, draws] = all("input").map((input) => Number(input.value));
    const next = uniforms(drawn);
    const fractions = Array.from({ length: n }, () => fraction(next, white, black, draws));
    const count = histogram(fractions, draws), bins = count.length;
    one(".bars").innerHTML = count.map((c, i) => {
      const top = py(Math.min(c * bins / n, box.y1));
      return `<rect x="${px(i / bins) + 0.5}" y="${top}" width="${px(1 / bins) - px(0) - 1}" ` +
        `height="${box.bottom - top}"></rect>`;
    }).join("");
    const seen = density(white, black).filter(([, value]) => value <= box.y1);
    set(one(".beta"), { points: line([px, py], seen) });
    const said = [`${white} white balls`, `${black} black balls`, `${draws} draws`];
    all("input").forEach((input, k) => set(input, { "aria-valuetext": said[k] }));
    say(words(fractions, white, black, draws));
  }
  all("input").forEach((input) => input.addEventListener("input", show));
  on(".again", "click", () => { drawn += 1; show(); });
  show();
}
