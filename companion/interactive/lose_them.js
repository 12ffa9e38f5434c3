import { line, scales, set, uniforms } from "./runtime.js";

function sum(values) { return values.reduce((total, value) => total + value, 0); }
function mean(values) { return sum(values) / values.length; }
function dot(a, b) { return sum(a.map((value, i) => value * b[i])); }
function off(values, centre) { return values.map((value) => value - centre); }
function holds([, low, high], truth) { return low < truth && truth < high; }

// A quantile of t (Abramowitz and Stegun 26.7.5), from df = 4 on within a part in 3000.
export function quantile(df) {
  const z = 1.959963984540054, s = z * z;
  return z + z * (s + 1) / 4 / df + z * ((5 * s + 16) * s + 3) / 96 / df ** 2 +
    z * (((3 * s + 19) * s + 17) * s - 15) / 384 / df ** 3 +
    z * ((((79 * s + 776) * s + 1482) * s - 1920) * s - 945) / 92160 / df ** 4;
}

const around = (middle, error, df) => [0, -1, 1].map((k) => middle + k * quantile(df) * error);

// Mean of y, its interval, standard deviation and correlation: as if all was measured.
export function measured(x, y) {
  const n = y.length, middle = mean(y), dx = off(x, mean(x)), dy = off(y, middle);
  const squares = dot(dy, dy), r = dot(dx, dy) / Math.sqrt(dot(dx, dx) * squares);
  return [...around(middle, Math.sqrt(squares / n / (n - 1)), n - 1), Math.sqrt(squares / n), r];
}

// Estimate, interval, standard deviation of y and correlation: by the recipe, the complete rows,
// EM, and proper imputation (`contest` in _contest.py says how).
export function contest(x, y, lost, normals) {
  const N = x.length, m = normals.length, kept = (values) => values.filter((_, i) => !lost[i]);
  const rest = kept(y), n = rest.length, centre = mean(kept(x)), height = mean(rest);
  const dx = off(x, centre), dy = off(rest, height), scatter = dot(kept(dx), kept(dx));
  const slope = dot(kept(dx), dy) / scatter, fitted = dx.map((d) => height + slope * d);
  const squares = sum(kept(dx).map((d, i) => (dy[i] - slope * d) ** 2)), move = mean(dx);
  const explained = slope ** 2 * (dot(dx, dx) / N - move ** 2);
  const error = squares / n * (1 / n + move ** 2 / scatter) + explained / N;
  const spread = Math.sqrt(squares / n + explained);
  const fill = (values) => y.map((value, i) => (lost[i] ? values[i] : value));
  const each = normals.map((e) => {
    const free = e.slice(N + 2, N + 1 + n), tau = Math.sqrt(squares / dot(free, free));
    return measured(x, fill(fitted.map((value, i) => value +
      tau * (e[0] / Math.sqrt(n) + e[1] / Math.sqrt(scatter) * dx[i] + e[i + 2]))));
  });
  const [pooled, , , sd, r] = [0, 1, 2, 3, 4].map((k) => mean(each.map((row) => row[k])));
  const within = mean(each.map((row) => row[3] ** 2)) / (N - 1);
  const between = (1 + 1 / m) * sum(each.map((row) => (row[0] - pooled) ** 2)) / (m - 1);
  const df = (m - 1) * (1 + within / between) ** 2;
  return [
    measured(x, fill(fitted)),
    measured(kept(x), rest),
    [...around(mean(fitted), Math.sqrt(error), Infinity), spread,
      Math.sign(slope) * Math.sqrt(explained) / spread],
    [...around(pooled, Math.sqrt(within + between), df), sd, r],
  ];
}

// Probabilities of being lost: log-odds that rise with z, a given share on average.
export function chances(z, strength, share) {
  const at = (from) => z.map((value) => 1 / (1 + Math.exp(-from - strength * value)));
  let low = -100, high = 100;
  for (let round = 0; round < 60; round += 1) {
    const half = (low + high) / 2;
    if (mean(at(half)) < share) { low = half; } else { high = half; }
  }
  return at(low);
}

// All that is shown: y with its bend, what is lost (by hand, or by its probability), and found.
export function draw(data, { kind, strength, share, bend, seed, hand }) {
  const { x } = data, next = uniforms(seed);
  const y = data.y.map((value, i) => value + bend * (x[i] ** 2 - 1));
  const full = measured(x, y), z = { x, y: y.map((v) => v / full[3]) }[kind] ?? x.map(() => 0);
  const byChance = chances(z, strength, share).map((p) => next() < p);
  const lost = byChance.map((chance, i) => hand[i] ?? chance);
  const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  const normals = Array.from({ length: data.tables }, () => x.concat(x, 0).map(() => normal()));
  const gone = sum(lost), rows = x.length - gone < data.least ? [] : contest(x, y, lost, normals);
  return { y, lost, gone, full, rows };
}

// The table's cells: before the loss, then one contestant after the other.
export function cells({ centre, scale, places }, { full, rows }) {
  const at = (value) => (centre + scale * value).toFixed(places);
  return [full, ...rows].flatMap((row, k) => [
    at(row[0]), k ? `${at(row[1])} to ${at(row[2])}` : "",
    k ? ["missed", "held"][Number(holds(row, full[0]))] : "",
    (scale * row[3]).toFixed(places), row[4].toFixed(2),
  ]);
}

export function words({ x, centre, scale, places, names, how }, choice, now) {
  const { kind, strength, share, bend, hand } = choice, reason = strength > 0 ? kind : "random";
  const { gone, full: [truth], rows } = now, N = x.length;
  if (rows.length === 0) { return `Only ${N - gone} y's are left, too few: give some back.`; }
  if (gone === 0) { return `Nothing is lost: all four estimate the mean of all ${N} y's.`; }
  const [[, a, b], [complete], [em, c, d]] = rows, by = hand.some((value) => value !== null);
  const size = (value) => (scale * Math.abs(value)).toFixed(places);
  const far = (miss) => `${size(miss * N / gone)} ${miss < 0 ? "below" : "above"}`;
  const wrong = (miss) => `${gone}/${N} of that, ${size(miss)}, too ${miss < 0 ? "high" : "low"}`;
  const missed = names.filter((_, k) => !holds(rows[k], truth)).join(", ") || "nobody";
  return `In this draw ${gone} of ${N} y's ${gone === 1 ? "is" : "are"} lost, ` +
    `${share ? how[reason] : "all"}` +
    `${share && by ? ", some" : ""}${by ? " by hand" : ""}. On average they lie ` +
    `${far(truth - complete)} the kept: the complete rows are ${wrong(truth - complete)}. ` +
    `They lie ${far(truth - em)} the line through the kept` +
    `${bend ? " (the points follow a curve)" : ""}: EM and recipe are ${wrong(truth - em)}. ` +
    `The truth, the mean of all ${N} before the loss, is ` +
    `${(centre + scale * truth).toFixed(places)}, missed by ${missed}; the recipe's interval is ` +
    `${((b - a) / (d - c)).toFixed(2)} times as wide as EM's.`;
}

export function start({ one, all, on, say }, data) {
  const [px, py] = scales(data.points), [pm] = scales(data.means), order = data.order;
  const said = { strength: (v) => v.toFixed(1), share: (v) => `${Math.round(100 * v)} %`, bend: (v) => v.toFixed(2) };
  const which = one(".which"), color = (bad) => data.colors[Number(bad)];
  let seed = data.seed, hand = data.x.map(() => null), now = null;
  function show() {
    const choice = { kind: one(".kind").value, seed, hand };
    for (const key in said) {
      choice[key] = Number(one(`.${key}`).value);
      set(one(`.${key}`), { "aria-valuetext": said[key](choice[key]) });
    }
    now = draw(data, choice);
    const { y, lost, rows, full } = now, i = order[which.value], texts = cells(data, now);
    all(".dots circle").forEach((point, j) => set(point, {
      cy: py(y[j]), stroke: color(lost[j]), fill: lost[j] ? "none" : color(false),
    }));
    set(one(".ring"), { cx: px(data.x[i]), cy: py(y[i]) });
    one(".lose").textContent = lost[i] ? "Give it back" : "Lose it";
    set(which, { "aria-valuetext": `${Number(which.value) + 1}, ${lost[i] ? "lost" : "kept"}` });
    const ends = rows.length > 0 ? [data.points.x0, data.points.x1] : [];
    const fitted = ends.map((v) => [v, rows[2][0] + rows[2][3] * rows[2][4] * v]);
    set(one(".fit"), { points: line([px, py], fitted) });
    all(".way").forEach((row, k) => {
      const found = rows[k] ?? full, { x0, x1 } = data.means;
      const [at, low, high] = found.map((v) => pm(Math.min(Math.max(v, x0), x1)));
      set(row, { opacity: Math.sign(rows.length), stroke: color(!holds(found, full[0])) });
      set(row.children[0], { x1: low, x2: high }); set(row.children[1], { cx: at });
    });
    all("td").forEach((cell, k) => { cell.textContent = texts[k] ?? ""; });
    say(words(data, choice, now));
  }
  const toggle = (i) => { hand = hand.with(i, !now.lost[i]); show(); };
  const fresh = () => { hand = hand.map(() => null); show(); };
  all("input, select").forEach((control) => control.addEventListener("input", show));
  on(".lose", "click", () => toggle(order[which.value]));
  on(".again", "click", () => { seed += 1; fresh(); });
  on(".back", "click", () => { one(".share").value = 0; fresh(); });
  on("svg", "click", ({ currentTarget, clientX, clientY }) => {
    const { left, top, width } = currentTarget.getBoundingClientRect(), unit = data.width / width;
    const far = (i) => Math.hypot(px(data.x[i]) - (clientX - left) * unit,
      py(now.y[i]) - (clientY - top) * unit);
    const nearest = order.reduce((best, i) => (far(i) < far(best) ? i : best));
    if (far(nearest) < 20) { which.value = order.indexOf(nearest); toggle(nearest); }
  });
  show();
}
