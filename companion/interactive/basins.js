import { line, scales, set } from "./runtime.js";

// A component is [log-weight, mean, log-variance].
function logJoint([logW, m, logV], x) {
  return logW - (logV + Math.log(2 * Math.PI) + (x - m) ** 2 * Math.exp(-logV)) / 2;
}

function sum(values) { return values.reduce((total, value) => total + value, 0); }

// One step of EM: both components, their log-counts before, and the log-likelihood before.
export function step(u, components) {
  const joint = components.map((component) => u.map((x) => logJoint(component, x)));
  const whole = u.map((_, n) => {
    const [a, b] = joint.map((row) => row[n]);
    return Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b)));
  });
  const counts = [], next = joint.map((row) => {
    const logR = row.map((value, n) => value - whole[n]), top = Math.max(...logR);
    const r = logR.map((value) => Math.exp(value - top)), total = sum(r);
    const m = sum(r.map((value, n) => value * u[n])) / total;
    const v = sum(r.map((value, n) => value * (u[n] - m) ** 2)) / total;
    counts.push(top + Math.log(total));
    return [counts.at(-1) - Math.log(u.length), m, Math.log(v)];
  });
  return { next, counts, value: sum(whole) };
}

// The largest difference of any two numbers in the same place.
function apart(a, b) { return Math.max(...a.flat().map((v, i) => Math.abs(v - b.flat()[i]))); }

// EM from two means, with equal weights and log-variances, to its end: the way, and its outcome.
export function run(data, means, logV) {
  const { u, best, most, still, spike, same } = data;
  const path = [means.map((m) => [Math.log(0.5), m, logV])];
  let least = Infinity, value = 0, change = Infinity;
  const isSpike = () => path.at(-1).some((component) => component[2] < spike);
  while (path.length <= most && change >= still && !isSpike()) {
    const made = step(u, path.at(-1));
    change = apart(made.next, path.at(-1));
    least = Math.min(least, ...made.counts);
    value = made.value;
    path.push(made.next);
  }
  const last = path.at(-1), good = best !== null && value > best - same * u.length;
  let outcome = good ? 0 : 1;
  if (apart(last[0].slice(1), last[1].slice(1)) < same) { outcome = 2; }
  if (change >= still) { outcome = 4; }
  if (isSpike()) { outcome = 3; }
  return { path, value, outcome, log10Least: least / Math.LN10 };
}

// The mean at a place of a slider.
export function mean({ low, high, size }, k) { return low + k * ((high - low) / (size - 1)); }

export function words(data, means, logV, { path, value, outcome, log10Least }) {
  const { u, centre, scale, places, names, best, spike } = data, last = path.at(-1);
  const at = (x) => (centre + scale * x).toFixed(places);
  const sd = (logVariance) => Number((scale * Math.exp(logVariance / 2)).toPrecision(2)).toString();
  const begin = `From means ${means.map((m) => at(m)).join(" and ")}, standard deviation ${sd(logV)}: ` +
    `${names[outcome]} after ${path.length - 1} steps`;
  const few = log10Least < -2 ? ` On the way a component held only 1e${Math.floor(log10Least)} ` +
    "points." : "";
  const shown = `means ${last.map(([, m]) => at(m)).join(" and ")}, standard deviations ` +
    `${last.map(([, , v]) => sd(v)).join(" and ")}, ` +
    `points ${last.map(([w]) => (u.length * Math.exp(w)).toFixed(1)).join(" and ")}.`;
  if (outcome === 3) {
    const k = last.findIndex(([, , v]) => v < spike);
    return `${begin}: the ${["first", "second"][k]} component shrinks on to the point ` +
      `${at(last[k][1])}, and the likelihood has no bound.${few}`;
  }
  const gap = best === null ? 0 : best - value;
  return `${begin}${gap > 0.005 ? `, ${gap.toFixed(2)} nats below the best` : ""}: ${shown}${few}`;
}

function height(component, x) { return Math.exp(logJoint(component, x)) || 0; }

// Where the curves are drawn: everywhere, and closely about each mean.
function grid({ low, high }, components) {
  const about = components.flatMap(([, m, v]) => Array.from({ length: 17 }, (_, i) =>
    m + Math.exp(v / 2) * (i - 8) / 2));
  return Array.from({ length: 81 }, (_, i) => low + i * (high - low) / 80).concat(about)
    .map((x) => Math.min(Math.max(x, low), high)).toSorted((a, b) => a - b);
}

export function start({ one, all, on, say }, data) {
  const { chart, fit, top, maps, spreads } = data, sliders = all(".mean");
  const [px, py] = scales(chart), [qx, qy] = scales(fit);
  let shown = 0;
  function show() {
    const k = one(".spread").selectedIndex, means = sliders.map((s) => mean(data, Number(s.value)));
    const found = run(data, means, spreads[k]), last = found.path.at(-1), xs = grid(data, last);
    const draw = (shape, f) => set(shape, {
      points: line([qx, qy], xs.map((x) => [x, Math.min(f(x), top)])),
    });
    all(".part").forEach((part, j) => draw(part, (x) => height(last[j], x)));
    draw(one(".whole"), (x) => height(last[0], x) + height(last[1], x));
    if (k !== shown) { all(".cells").forEach((path, j) => set(path, { d: maps[k][j] })); }
    shown = k;
    const way = found.path.map((components) => components.map((component) => component[1]));
    set(one(".track"), { points: line([px, py], way) });
    set(one(".cross"), { d: `M${px(means[0])},${py(means[1])}m-6 -6l12 12m0 -12l-12 12` });
    set(one(".end"), { cx: px(way.at(-1)[0]), cy: py(way.at(-1)[1]) });
    sliders.forEach((slider, j) => set(slider, {
      "aria-valuetext": (data.centre + data.scale * means[j]).toFixed(data.places),
    }));
    say(words(data, means, spreads[k], found));
  }
  all("input, select").forEach((control) => control.addEventListener("input", show));
  on("svg", "click", ({ currentTarget, clientX, clientY }) => {
    const { left, top: above, width } = currentTarget.getBoundingClientRect();
    const unit = data.width / width, x = (clientX - left) * unit, y = (clientY - above) * unit;
    const ends = [data.low, data.high], across = ends.map((v) => px(v)), up = ends.map((v) => py(v));
    [[x, across], [y, up]].forEach(([at, [from, to]], j) => {
      sliders[j].value = Math.round((at - from) / (to - from) * (data.size - 1));
    });
    show();
  });
  show();
}
