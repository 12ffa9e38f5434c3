import { scales, set } from "./runtime.js";

// Posterior means under a prior that is as good as `s` trials.
export function posterior({ y, n, mean }, s) {
  return y.map((successes, j) => (s * mean + successes) / (s + n[j]));
}

export function words(data, stop) {
  const { y, n, value, which: j, name } = data, s = data.strength[stop];
  return `Prior strength ${s.toPrecision(3)}: as good as ${s.toPrecision(3)} trials. ` +
    `The red ${name} (${y[j]} of ${n[j]}) goes from ${(y[j] / n[j]).toFixed(3)} to ` +
    `${posterior(data, s)[j].toFixed(3)}. Log evidence ${value[stop].toFixed(2)}, ` +
    `${(Math.max(...value) - value[stop]).toFixed(2)} below the highest.`;
}

export function start({ one, all, on, say }, data) {
  const [px, py] = scales(data.box), slider = one("input"), dots = all(".dots circle");
  function show() {
    const stop = Number(slider.value), s = data.strength[stop], after = posterior(data, s);
    dots.forEach((dot, j) => set(dot, {
      cx: px(data.y[j] / data.n[j]).toFixed(1), cy: py(after[j]).toFixed(1),
    }));
    slider.setAttribute("aria-valuetext", `prior strength ${s.toPrecision(3)}`);
    say(words(data, stop));
  }
  on("input", "input", show);
  on(".best", "click", () => {
    slider.value = data.value.indexOf(Math.max(...data.value)); show();
  });
  show();
}
