import { line, scales, set } from "./runtime.js";

// Both weighted densities of two Gaussians at a distance.
export function heights(d, x) {
  return [-d / 2, d / 2].map((at) => Math.exp(-((x - at) ** 2) / 2) / Math.sqrt(8 * Math.PI));
}

// What Python found for this stop of the slider: the fraction of the information that is seen.
export function look({ first, step, seen }, d, unknown) {
  return seen[unknown][Math.round((d - first) / step)];
}

// Passes that divide the way to the end by ten, and the standard error relative to that with labels.
export function costs(seen) { return [-Math.LN10 / Math.log1p(-seen), 1 / Math.sqrt(seen)]; }

// Two digits of a number, or what it is above one; of a share two digits, and of what it leaves.
function short(value) {
  return value > 1 && value < 1.1 ? value.toFixed(3) : String(Number(value.toPrecision(2)));
}
function places(seen) { return 1 - Math.floor(Math.log10(Math.min(seen, 1 - seen))); }

export function words(data, d, unknown) {
  const seen = look(data, d, unknown), [passes, error] = costs(seen), digits = places(seen);
  return `Means ${d.toFixed(2)} standard deviations apart: ${d > 2 ? "two hills" : "one hill"}. ` +
    `Unknown: ${data.names[unknown]}. ` + (unknown === "share" ? "" :
    "In the direction in which most is missing, ") +
    `${(100 * (1 - seen)).toFixed(digits - 2)} % of the information is in the labels: the rate of ` +
    `EM is ${(1 - seen).toFixed(digits)}, a further digit takes ${short(passes)} passes, and the ` +
    `standard error is ${short(error)} times that with labels. One labelled point says as much ` +
    `as ${short(1 / seen)} without a label.`;
}

export function start({ one, all, say }, data) {
  const { frame, chart, names } = data, slider = one("input"), choice = one("select");
  const grid = Array.from({ length: 131 }, (_, i) => frame.x0 + i * (frame.x1 - frame.x0) / 130);
  const [px, py] = scales(frame), [qx, qy] = scales(chart);
  function show() {
    const d = Number(slider.value), unknown = choice.value, seen = look(data, d, unknown);
    const draw = (shape, height) => set(shape, {
      points: line([px, py], grid.map((x) => [x, height(heights(d, x))])),
    });
    all(".part").forEach((part, k) => draw(part, (both) => both[k]));
    draw(one(".whole"), ([first, second]) => first + second);
    set(one(".seen"), { width: seen * (frame.right - frame.left) });
    all(".curves").forEach((curves, k) => set(curves, {
      opacity: Object.keys(names)[k] === unknown ? 1 : 0.25,
    }));
    all(".here circle").forEach((dot, k) => set(dot, {
      cx: qx(d), cy: qy(Math.log10(costs(seen)[k])),
    }));
    set(slider, { "aria-valuetext": `${d.toFixed(2)} standard deviations` });
    say(words(data, d, unknown));
  }
  slider.addEventListener("input", show);
  choice.addEventListener("input", show);
  show();
}
