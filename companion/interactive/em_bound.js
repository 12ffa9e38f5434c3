import { line, lookup, scales, set } from "./runtime.js";

// The evidence lower bound at `mean` with the responsibilities of the old mean.
export function bound({ value, top, count, variance, box }, old, mean) {
  const to = lookup(top, box, old), c = lookup(count, box, old) / (2 * variance);
  return lookup(value, box, old) - c * ((mean - to) ** 2 - (old - to) ** 2);
}

// None of what follows can fall, so rounding shall not say -0.00.
function rise(nats) { return Math.max(0, nats).toFixed(2); }

export function words(data, old, steps, drawn) {
  const value = lookup(data.value, data.box, old), next = lookup(data.top, data.box, old);
  const touched = bound(data, old, next), reached = lookup(data.value, data.box, next);
  return `M-steps made: ${steps}. Old value ${old.toFixed(data.digits)}, log-likelihood ${value.toFixed(2)}. ` +
    (drawn ? `The bound has its top at ${next.toFixed(data.digits)}; it rises there by ` +
      `${rise(touched - value)}, and the log-likelihood by ` +
      `${rise(reached - value)}; the difference, ${rise(reached - touched)}, ` +
      "is the KL divergence there." : "Press E to draw the bound that touches the curve there.");
}

export function start({ one, on, say }, data) {
  const { box } = data, [px, py] = scales(box), slider = one("input"), last = data.value.length - 1;
  const mean = (k) => box.x0 + k / last * (box.x1 - box.x0);
  let old = data.start, steps = 0, drawn = false;
  function show() {
    const top = lookup(data.top, box, old), visibility = drawn ? "visible" : "hidden";
    const x = px(top), y = py(bound(data, old, top));
    const seen = data.value.map((_, k) => [mean(k), bound(data, old, mean(k))])
      .filter(([, value]) => drawn && value >= box.y0);
    set(one(".bound"), { points: line([px, py], seen) });
    set(one(".old"), { cx: px(old), cy: py(lookup(data.value, box, old)) });
    set(one(".new"), { visibility, cx: x, cy: y });
    set(one(".gap"), { visibility, x1: x, x2: x, y1: y, y2: py(lookup(data.value, box, top)) });
    one(".m").disabled = !drawn;
    slider.value = Math.round((old - box.x0) / (box.x1 - box.x0) * last);
    set(slider, { "aria-valuetext": old.toFixed(data.digits) });
    say(words(data, old, steps, drawn));
  }
  on("input", "input", () => { old = mean(Number(slider.value)); steps = 0; show(); });
  on(".e", "click", () => { drawn = true; show(); });
  on(".m", "click", () => {
    old = lookup(data.top, box, old); steps += 1; drawn = false; show(); one(".e").focus();
  });
  show();
}
