import { line, scales, set } from "./runtime.js";

export function density([w, d, r], x) {
  const both = [w * Math.exp(-x * x / 2), (1 - w) / r * Math.exp(-(((x - d) / r) ** 2) / 2)];
  return both.map((part) => part / Math.sqrt(2 * Math.PI));
}

// The weights between which there are two hills, or nothing: where the log-odds of the weight at
// which x has no slope turn, between the means.
export function border(d, r) {
  const k = 1 / (r * r), cubic = (x) => (x + k * (d - x)) * x * (d - x) - d, turns = [];
  for (let i = 0; i < 400; i += 1) {
    let low = d * i / 400, high = d * (i + 1) / 400;
    if (cubic(low) * cubic(high) < 0) {
      for (let round = 0; round < 50; round += 1) {
        const half = (low + high) / 2;
        if (cubic(low) * cubic(half) < 0) { high = half; } else { low = half; }
      }
      turns.push((low + high) / 2);
    }
  }
  return turns.length < 2 ? null : turns.map((x) => {
    const g = Math.log((d - x) / x) - 3 * Math.log(r) + (x * x - k * (x - d) ** 2) / 2;
    return 1 / (1 + Math.exp(-g));
  });
}

export function hills([w, d, r]) {
  const ends = border(d, r);
  return ends && ends[0] < w && w < ends[1] ? 2 : 1;
}

// Tops and the lowest point between them, on a fine grid.
export function tops(mixture) {
  const steps = 4000, at = (i) => -1 + i * (mixture[1] + 2) / steps, found = [];
  const value = (i) => { const [a, b] = density(mixture, at(i)); return a + b; };
  for (let i = 1; i < steps; i += 1) {
    if (value(i) > value(i - 1) && value(i) >= value(i + 1)) { found.push([at(i), value(i)]); }
  }
  return found;
}

export function words(mixture, name, real) {
  const [w, d, r] = mixture, count = hills(mixture), ends = border(d, r);
  const range = ends ? `two hills for weights from ${ends[0].toFixed(2)} to ${ends[1].toFixed(2)}`
    : "one hill whatever the weight";
  return `${count === 2 ? "Two hills" : "One hill"}. Weight ${w.toFixed(3)}, distance ` +
    `${d.toFixed(2)}, ratio ${r.toFixed(2)}: at this distance and ratio ${range}. ` +
    `${name}: weight ${real[0].toFixed(3)}, distance ${real[1].toFixed(2)}, ratio ` +
    `${real[2].toFixed(2)}, ${hills(real) === 2 ? "two hills" : "one hill"}.`;
}

export function start({ one, all, on, say }, data) {
  const left = scales(data.density), right = scales(data.chart);
  const sliders = ["weight", "distance", "ratio"].map((name) => one(`.${name}`));
  const grid = Array.from({ length: 301 }, (_, i) =>
    data.density.x0 + i * (data.density.x1 - data.density.x0) / 300);
  let now = [0.5, 3, 1];
  function show() {
    const mixed = (x) => { const [a, b] = density(now, x); return a + b; };
    const highest = Math.max(...grid.map((x) => mixed(x)));
    const heights = grid.map((x) => density(now, x).map((part) => part / highest));
    all(".part").forEach((part, k) =>
      part.setAttribute("points", line(left, grid.map((x, i) => [x, heights[i][k]]))));
    one(".sum").setAttribute("points",
      line(left, grid.map((x, i) => [x, heights[i][0] + heights[i][1]])));
    const found = hills(now) === 2 ? tops(now) : tops(now).slice(0, 1);
    all(".tops circle").forEach((dot, k) => set(dot, found[k]
      ? { cx: left[0](found[k][0]), cy: left[1](found[k][1] / highest), visibility: "visible" }
      : { visibility: "hidden" }));
    const wedge = [];
    for (let d = 0.1; d <= data.chart.x1 + 1e-9; d += 0.02) {
      const ends = border(d, now[2]);
      if (ends) { wedge.push([d, ends[0]]); wedge.unshift([d, ends[1]]); }
    }
    one(".two").setAttribute("points", line(right, wedge));
    set(one(".here"), { cx: right[0](now[1]), cy: right[1](now[0]) });
    one(".mark").setAttribute("opacity", Math.abs(now[2] / data.real[2] - 1) < 0.01 ? 1 : 0.4);
    sliders[2].setAttribute("aria-valuetext", `ratio ${now[2].toFixed(2)}`);
    say(words(now, data.name, data.real));
  }
  sliders.forEach((slider, k) => slider.addEventListener("input", () => {
    now = now.with(k, k === 2 ? 2 ** Number(slider.value) : Number(slider.value)); show();
  }));
  one(".real").textContent = data.name;
  on(".real", "click", () => {
    now = [...data.real];
    sliders.forEach((slider, k) => { slider.value = k === 2 ? Math.log2(now[2]) : now[k]; });
    show();
  });
  show();
}
