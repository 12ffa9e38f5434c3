import { line, scales, set } from "./runtime.js";

// A mixture is [w, d, r]: w N(0, 1) + (1 - w) N(d, r^2).
// Both weighted densities at x, but for a factor that they share.
export function heights([w, d, r], x) {
  return [w * Math.exp(-x * x / 2), (1 - w) / r * Math.exp(-(((x - d) / r) ** 2) / 2)];
}

function whole(mixture, x) {
  const [first, second] = heights(mixture, x);
  return first + second;
}

// Where a condition ends that holds from `low` on.
function bisect(isLeft, low, high) {
  let [a, b] = [low, high];
  for (let i = 0; i < 60; i += 1) {
    const middle = (a + b) / 2;
    if (isLeft(middle)) { a = middle; } else { b = middle; }
  }
  return (a + b) / 2;
}

// Log-odds of the weight with which the density has no slope at x, between the means.
export function odds(d, r, x) {
  const v = (d - x) / r;
  return Math.log(v / x) - 2 * Math.log(r) + (x - v) * (x + v) / 2;
}

// What is 1 / d^2 where the log-odds turn, at x = d y; it has one top between 0 and 1.
function cubic(y, r) { return y * (1 - y) * (y + (1 - y) / (r * r)); }

function topOf(r) {
  const k = 1 / (r * r);
  return k / (2 * k - 1 + Math.sqrt(1 - k + k * k));
}

export function least(r) { return 1 / Math.sqrt(cubic(topOf(r), r)); }

// Where the log-odds turn: at two places, or at none.
function turns(d, r) {
  const top = topOf(r), scaled = (y) => cubic(y, r) * d * d;
  if (scaled(top) <= 1) { return []; }
  return [d * bisect((y) => scaled(y) < 1, 0, top), d * bisect((y) => scaled(y) > 1, top, 1)];
}

// Weights between which there are two hills, or none.
export function border(d, r) {
  return turns(d, r).map((x) => 1 / (1 + Math.exp(-odds(d, r, x))));
}

// Where the density has no slope: one top, or top, bottom, top.
export function flat([w, d, r]) {
  const level = Math.log(w / (1 - w)), rises = (x) => odds(d, r, x) > level;
  const [a, b] = turns(d, r);
  if (!(odds(d, r, a) < level && level < odds(d, r, b))) { return [bisect(rises, 0, d)]; }
  return [bisect(rises, 0, a), bisect((x) => !rises(x), a, b), bisect(rises, b, d)];
}

// Distances and weights around all mixtures with two hills, as far as the map reaches.
export function wedge(r, last) {
  const tip = least(r), points = [[tip, 1 / (1 + Math.exp(-odds(tip, r, tip * topOf(r))))]];
  for (let i = 1; i <= 60; i += 1) {
    const d = tip + (last - tip) * (i / 60) ** 2, [low, high] = border(d, r);
    points.unshift([d, low]);
    points.push([d, high]);
  }
  return points;
}

// Whether a mixture may be compared with the data on their map: the ratio, to a step of the slider.
function isOnMap(r, { real }) { return Math.abs(r - real[2]) < 0.006; }

export function words(mixture, data) {
  const [w, d, r] = mixture, places = flat(mixture), [first, bottom, second] =
    places.map((x) => whole(mixture, x));
  const [low, high] = border(d, r).map((v) => v.toFixed(3));
  return (places.length === 1 ? "One hill. " : "Two hills; the valley between them lies " +
    `${(100 * (1 - bottom / Math.min(first, second))).toFixed(1)} % below the lower one. `) +
    `Weight of the first ${w.toFixed(3)}, distance ${d.toFixed(2)}, ratio of spreads ` +
    `${r.toFixed(2)}. With this ratio ` + (low ? `and distance there are two hills for weights ` +
      `from ${low} to ${high}.` : `there are two hills, for some weights, from distance ` +
      `${least(r).toFixed(2)} on.`) +
    (isOnMap(r, data) ? "" : ` The diamond of ${data.name} belongs to ratio ${data.real[2].toFixed(2)}.`);
}

export function start({ one, all, on, say }, data) {
  const { real, frame, chart } = data, sliders = all("input");
  const grid = Array.from({ length: 121 }, (_, i) => frame.x0 + i * (frame.x1 - frame.x0) / 120);
  const [px, py] = scales(frame), [qx, qy] = scales(chart);
  let now = real;
  function show() {
    const tops = flat(now).filter((_, i) => i !== 1), high = tops.map((x) => whole(now, x));
    const most = Math.max(...high);
    const draw = (shape, height) => set(shape, {
      points: line([px, (y) => py(y / most)], grid.map((x) => [x, height(x)])),
    });
    all(".part").forEach((part, k) => draw(part, (x) => heights(now, x)[k]));
    draw(one(".whole"), (x) => whole(now, x));
    all(".tops circle").forEach((dot, k) => {
      const i = Math.min(k, tops.length - 1);
      set(dot, { cx: px(tops[i]), cy: py(high[i] / most) });
    });
    set(one(".two"), { points: line([qx, qy], wedge(now[2], chart.x1)) });
    set(one(".data"), { opacity: isOnMap(now[2], data) ? 1 : 0.4 });
    set(one(".here"), { cx: qx(now[1]), cy: qy(now[0]) });
    sliders.forEach((slider, k) => set(slider, { "aria-valuetext": now[k].toFixed(k ? 2 : 3) }));
    say(words(now, data));
  }
  function go(mixture) {
    now = mixture;
    sliders.forEach((slider, k) => { slider.value = now[k]; });
    show();
  }
  sliders.forEach((slider, k) => slider.addEventListener("input", () => {
    now = now.map((v, j) => (j === k ? Number(slider.value) : v));
    show();
  }));
  on(".real", "click", () => go(real));
  on(".equal", "click", () => go([0.5, now[1], 1]));
  go(real);
}
