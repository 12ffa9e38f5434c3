import { set } from "./runtime.js";

export function words({ names, events, years, mean, digits }, j) {
  return `${names[j]}: ` + (events[j] === null ? "no data." :
    `${events[j]} deaths in ${years[j]} person-years, raw rate ` +
    `${(1e5 * events[j] / years[j]).toFixed(digits)}, posterior mean ${mean[j].toFixed(digits)} per 100000.`);
}

// The first area whose name begins like this, or -1.
export function search({ names }, text) {
  return names.findIndex((name) => name.toLowerCase().startsWith(text.toLowerCase()));
}

export function colors(data, posterior) {
  return [...posterior ? data.post : data.raw].map((k) => (k === "-" ? "#999" : data.colors[Number(k)]));
}

export function start({ one, all, on, say }, data) {
  const areas = all(".areas path"), button = one(".which");
  let posterior = false, pointed = -1;
  function paint() {
    colors(data, posterior).forEach((color, j) => areas[j].setAttribute("fill", color));
    one(".title").textContent = posterior ? "Posterior means" : "Raw rates";
    button.textContent = posterior ? "Show raw rates" : "Show posterior means";
    button.setAttribute("aria-pressed", posterior);
  }
  function tell(j) {
    set(one(".here"), { d: areas[j].getAttribute("d") });
    say(words(data, j));
  }
  // A page that moves under a resting pointer is no pointing.
  function point({ target, type }) {
    const j = areas.indexOf(target);
    if (j >= 0 && (j !== pointed || type === "click")) { pointed = j; tell(j); }
  }
  on(".areas", "pointerover", point);
  on(".areas", "click", point);
  on(".which", "click", () => { posterior = !posterior; paint(); });
  on("input", "input", ({ target }) => {
    const j = search(data, target.value);
    if (target.value && j >= 0) { tell(j); }
  });
  say("Point at a county, or type its name.");
  paint();
}
