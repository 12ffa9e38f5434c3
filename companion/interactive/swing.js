import { line, scales, set } from "./runtime.js";

// What is certain to one digit, and no certainty.
export function percent(chance) {
  if (chance > 0.9995 || chance < 0.0005) { return chance > 0.5 ? "above 99.9 %" : "below 0.1 %"; }
  return `${(100 * chance).toFixed(1)} %`;
}

// Correlations of two states' errors, in one region and in two: a typical state, all errors.
export function together(tau, rho, own) {
  const all = tau * tau + own * own;
  return [(tau * tau + rho * own * own) / all, tau * tau / all];
}

export function words(data, r, t) {
  const { name, majority, total, typical, taus, rhos, chances, intervals } = data;
  const [low, high] = intervals[r][t];
  const [near, far] = together(taus[t], rhos[r], typical).map((value) => value.toFixed(2));
  return `Shared error ${Number(taus[t].toPrecision(3))} points, correlation within a region ` +
    `${rhos[r].toFixed(1)}: ${name} wins with a chance of ${percent(chances[r][t])}; 90 % ` +
    `interval ${low} to ${high} of ${total} votes, ${majority} win. A typical state's ` +
    `error has a standard deviation of ${Math.hypot(taus[t], typical).toPrecision(2)} points, ` +
    "whatever the correlation; those of two states of one region are correlated by " +
    `${near}, of two regions by ${far}.`;
}

export function start({ one, all, on, say }, data) {
  const { taus, rhos, chances, intervals, bars, frame, chart } = data;
  const [px, py] = scales(frame), [qx, qy] = scales(chart), top = frame.y1 / 1.1;
  function show() {
    const r = Number(one(".rho").value), t = Number(one(".tau").value);
    const [low, high] = intervals[r][t];
    all(".bars rect").forEach((bar, k) => {
      const y = py(bars[r][t][k] / 1e5);
      set(bar, { y, height: frame.bottom - y });
    });
    set(one(".interval"), { points: line([px, py], [[low - 0.5, top], [high + 0.5, top]]) });
    set(one(".chances"), { points: line([qx, qy], taus.map((tau, k) => [tau, chances[r][k]])) });
    set(one(".here"), { cx: qx(taus[t]), cy: qy(chances[r][t]) });
    set(one(".tau"), { "aria-valuetext": `${Number(taus[t].toPrecision(3))} points` });
    set(one(".rho"), { "aria-valuetext": rhos[r].toFixed(1) });
    say(words(data, r, t));
  }
  [".tau", ".rho"].forEach((name) => on(name, "input", show));
  show();
}
