// The colour of a point: a ninth of the way for each unit of its shade, from 0 to 9.
export function color([from, to], shade) {
  return `rgb(${from.map((v, i) => Math.round(v + shade / 9 * (to[i] - v))).join(",")})`;
}

export function words({ value }, t) {
  return `Iteration ${t}: log-likelihood ${value[t].toFixed(2)}` +
    (t ? `, ${(value[t] - value[t - 1]).toFixed(2)} more than before.` : ".");
}

export function start({ one, all, on, say }, data) {
  const slider = one("input"), play = one(".play"), dots = all(".points circle");
  const rings = all(".ring");
  let timer = 0;
  function show() {
    const t = Number(slider.value);
    rings.forEach((ring, k) => ring.setAttribute("points", data.rings[t][k]));
    dots.forEach((dot, n) => dot.setAttribute("fill", color(data.colors, data.shades[t][n])));
    slider.setAttribute("aria-valuetext", `iteration ${t} of ${slider.max}`);
    say(words(data, t));
  }
  function stop() { clearInterval(timer); timer = 0; play.textContent = "Play"; }
  on("input", "input", () => { stop(); show(); });
  on(".play", "click", () => {
    if (timer) { stop(); return; }
    if (slider.value === slider.max) { slider.value = 0; }
    play.textContent = "Pause"; show();
    timer = setInterval(() => {
      slider.value = Number(slider.value) + 1; show();
      if (slider.value === slider.max) { stop(); }
    }, 700);
  });
  show();
}
