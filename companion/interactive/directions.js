import { line, scales, set } from "./runtime.js";

// Both divergences at a standard deviation s of q: KL(q || p), then KL(p || q).
export function costs(rho, s) {
  const left = 1 - rho * rho, logs = 2 * Math.log(s) - Math.log(left) / 2;
  return [s * s / left - 1 - logs, 1 / (s * s) - 1 + logs];
}

// Where each is lowest, and how much is left there.
export function closest(rho) {
  const narrow = Math.sqrt(1 - rho * rho);
  return { narrow, wide: 1, cost: costs(rho, narrow)[0] };
}

// A point of the target's ellipse of one standard deviation.
export function ellipse(rho, t) {
  return [Math.cos(t), rho * Math.cos(t) + Math.sqrt(1 - rho * rho) * Math.sin(t)];
}

export function words(rho) {
  const { narrow, cost } = closest(rho);
  return `Correlation ${rho.toFixed(2)}: each coordinate of the target has a standard deviation ` +
    `of 1. The independent normal with the smallest KL(q || p) says ${narrow.toFixed(2)}, which ` +
    "is that of one coordinate when the other is known; the one with the smallest KL(p || q) " +
    `says 1. Either way ${cost.toFixed(2)} nats are left: what the coordinates say of each other.`;
}

export function start({ one, all, say }, { plane, chart }) {
  const slider = one("input"), flat = scales(plane), across = scales(chart);
  const turns = Array.from({ length: 73 }, (_, i) => i * Math.PI / 36);
  const widths = Array.from({ length: 141 }, (_, i) => chart.x0 + i * (chart.x1 - chart.x0) / 140);
  function show() {
    const rho = Number(slider.value), { narrow, wide, cost } = closest(rho);
    all(".p").forEach((ring, k) => set(ring, {
      points: line(flat, turns.map((t) => ellipse(rho, t).map((at) => (k + 1) * at))),
    }));
    all(".q").forEach((ring, k) => set(ring, {
      points: line(flat, turns.map((t) => ellipse(0, t).map((at) => (k + 1) * narrow * at))),
    }));
    all(".cost").forEach((curve, k) => set(curve, {
      points: line(across, widths.map((s) => [s, Math.min(costs(rho, s)[k], chart.y1)])),
    }));
    all(".low circle").forEach((dot, k) => set(dot, {
      cx: across[0]([narrow, wide][k]), cy: across[1](cost),
    }));
    set(slider, { "aria-valuetext": `correlation ${rho.toFixed(2)}` });
    say(words(rho));
  }
  slider.addEventListener("input", show);
  show();
}
