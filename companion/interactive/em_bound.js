import { line, scales, set } from "./runtime.js";

// A list over the grid of means, between whose entries lie straight lines.
export function at(data, name, mean) {
  const list = data[name], { x0, x1 } = data.box, i = (mean - x0) / (x1 - x0) * (list.length - 1);
  const k = Math.min(Math.floor(i), list.length - 2);
  return list[k] + (i - k) * (list[k + 1] - list[k]);
}

// The evidence lower bound at `mean` with the responsibilities of the old mean.
export function bound(data, old, mean) {
  const top = at(data, "top", old), c = at(data, "count", old) / (2 * data.variance);
  return at(data, "value", old) - c * ((mean - top) ** 2 - (old - top) ** 2);
}

export function words(data, old, steps, drawn) {
  const value = at(data, "value", old), next = at(data, "top", old);
  const touched = bound(data, old, next), reached = at(data, "value", next);
  return `M-steps made: ${steps}. Old value ${old.toFixed(data.digits)}, log-likelihood ${value.toFixed(2)}. ` +
    (drawn ? `The bound has its top at ${next.toFixed(data.digits)}; it rises there by ` +
      `${(touched - value).toFixed(2)}, and the log-likelihood by ` +
      `${(reached - value).toFixed(2)}; the difference, ${(reached - touched).toFixed(2)}, ` +
      "is the KL divergence there." : "Press E to draw the bound that touches the curve there.");
}

export function start({ one, on, say }, data) {
  const [px, py] = scales(data.box), slider = one("input");
  let old = data.mean[data.start], steps = 0, drawn = false;
  function show() {
    const top = at(data, "top", old), visibility = drawn ? "visible" : "hidden";
    const x = px(top), y = py(bound(data, old, top));
    const seen = data.mean.map((mean) => [mean, bound(data, old, mean)])
      .filter(([, value]) => drawn && value >= data.box.y0);
    set(one(".bound"), { points: line([px, py], seen) });
    set(one(".old"), { cx: px(old), cy: py(at(data, "value", old)) });
    set(one(".new"), { visibility, cx: x, cy: y });
    set(one(".gap"), { visibility, x1: x, x2: x, y1: y, y2: py(at(data, "value", top)) });
    one(".m").disabled = !drawn;
    slider.value = Math.round((old - data.box.x0) / (data.box.x1 - data.box.x0) * (data.mean.length - 1));
    say(words(data, old, steps, drawn));
  }
  on("input", "input", () => { old = data.mean[Number(slider.value)]; steps = 0; show(); });
  on(".e", "click", () => { drawn = true; show(); });
  on(".m", "click", () => {
    old = at(data, "top", old); steps += 1; drawn = false; show(); one(".e").focus();
  });
  show();
}
