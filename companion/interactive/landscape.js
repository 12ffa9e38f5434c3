import { line, lookup, scales, set } from "./runtime.js";

// F at a place [old, mean]: the evidence lower bound at `mean` with the responsibilities of `old`.
export function elbo({ value, top, count, variance, box }, [old, mean]) {
  const to = lookup(top, box, old), c = lookup(count, box, old) / (2 * variance);
  return lookup(value, box, old) - c * ((mean - to) ** 2 - (old - to) ** 2);
}

// To the diagonal.
export function eStep([, mean]) { return [mean, mean]; }

// Along the row, a share of the way to its top, but not out of the picture.
export function mStep({ top, box }, [old, mean], length) {
  const goal = mean + length * (lookup(top, box, old) - mean);
  return [old, Math.max(box.x0, Math.min(goal, box.x1))];
}

// What a whole M-step would gain, in nats, from a place on the diagonal.
export function gain(data, place) { return elbo(data, mStep(data, place, 1)) - elbo(data, place); }

// Both steps, again and again, until they rest.
export function climb(data, path, length) {
  const found = [...path];
  if (found.length % 2 === 0) { found.push(eStep(found.at(-1))); }
  for (let round = 0; round < data.rounds && gain(data, found.at(-1)) >= data.rest; round += 1) {
    const next = mStep(data, found.at(-1), length);
    found.push(next, eStep(next));
  }
  return found;
}

// A path begins on the diagonal, and M- and E-steps take turns.
export function words(data, path, length) {
  const place = path.at(-1), onDiagonal = path.length % 2 === 1, high = elbo(data, place);
  const [old, mean] = place.map((v) => v.toFixed(data.digits));
  const change = high - elbo(data, path.at(-2) ?? place);
  const share = { 0: "to", 1: `${length.toFixed(1)} times as far as`, [-1]: `${length.toFixed(1)} of the way to` };
  return `Rounds: ${Math.floor(path.length / 2)}. ` + (path.length > 1 ?
    `The ${onDiagonal ? "E" : "M"}-step ${change < -0.005 ? "lowered" : "raised"} F by ` +
      `${Math.abs(change).toFixed(2)}. ` : "") + (onDiagonal ?
    `On the diagonal, at ${mean}, F is the log-likelihood: ${high.toFixed(2)}. ` :
    `Mean ${mean}, responsibilities of ${old}: F is ${high.toFixed(2)}. The log-likelihood is ` +
      `${Math.max(0, elbo(data, eStep(place)) - high).toFixed(2)} higher: that is the KL divergence. `) +
    (onDiagonal && gain(data, place) < data.rest ? "The row has its top here, and EM rests." :
      `M-steps go ${share[Math.sign(length - 1)]} the top of the row.`);
}

export function start({ one, on, say }, data) {
  const { box } = data, [px, py] = scales(box), from = one(".from"), last = data.value.length - 1;
  let path = [[data.start, data.start]];
  const length = () => Number(one(".length").value);
  function show() {
    const [old, mean] = path.at(-1), goal = mStep(data, path.at(-1), 1)[1], y = py(old);
    set(one(".path"), { points: line([px, py], path.map(([up, across]) => [across, up])) });
    set(one(".here"), { cx: px(mean), cy: y });
    set(one(".row"), { y1: y, y2: y });
    set(one(".goal"), { cx: px(goal), cy: y });
    one(".e").disabled = path.length % 2 === 1;
    one(".m").disabled = path.length % 2 === 0;
    from.value = Math.round((path[0][0] - box.x0) / (box.x1 - box.x0) * last);
    set(from, { "aria-valuetext": path[0][0].toFixed(data.digits) });
    set(one(".length"), { "aria-valuetext": `${length().toFixed(1)} times the way to the top` });
    say(words(data, path, length()));
  }
  function begin(mean) { path = [[mean, mean]]; show(); }
  on(".from", "input", () => begin(box.x0 + Number(from.value) / last * (box.x1 - box.x0)));
  on(".length", "input", show);
  on(".back", "click", () => begin(path[0][0]));
  on(".m", "click", () => { path.push(mStep(data, path.at(-1), length())); show(); one(".e").focus(); });
  on(".e", "click", () => { path.push(eStep(path.at(-1))); show(); one(".m").focus(); });
  on(".all", "click", () => { path = climb(data, path, length()); show(); });
  on("svg", "click", ({ currentTarget, clientX }) => {
    const { left, width } = currentTarget.getBoundingClientRect();
    const x = (clientX - left) * (box.right + 12) / width;
    if (x >= box.left && x <= box.right) {
      begin(box.x0 + (x - box.left) / (box.right - box.left) * (box.x1 - box.x0));
    }
  });
  show();
}
