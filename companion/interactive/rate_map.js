import { set } from "./runtime.js";

// So many names fit into the list.
const MOST = 60;

export function words({ names, events, years, mean, digits }, j) {
  return `${names[j]}: ` + (events[j] === null ? "no data." :
    `${events[j]} ${events[j] === 1 ? "death" : "deaths"} in ${years[j]} person-years, raw rate ` +
    `${(1e5 * events[j] / years[j]).toFixed(digits)}, posterior mean ${mean[j].toFixed(digits)} per 100000.`);
}

// The words of a name, without capitals, accents, apostrophes and stops.
export function plain(text) {
  const letters = text.normalize("NFD").replaceAll(/[\u0300-\u036F'’.]/gu, "").toLowerCase();
  return letters.split(/[^\p{L}\p{N}]+/u).filter(Boolean).map((word) => (word === "saint" ? "st" : word));
}

// How well a name fits what was typed: 0 is the whole name, 1 the whole name of the county, 2 its
// beginning; 3 if every word that was typed begins a word of the name, in this order; else nothing.
export function fit(name, typed) {
  const all = plain(name), county = plain(name.replace(/,[^,]*$/u, ""));
  let k = 0;
  for (const word of all) { k += Number(k < typed.length && word.startsWith(typed[k])); }
  if (k < typed.length) { return null; }
  if (typed.join(" ") === all.join(" ")) { return 0; }
  if (typed.slice(0, county.length).join(" ") === county.join(" ")) { return 1; }
  return all.join(" ").startsWith(typed.join(" ")) ? 2 : 3;
}

// All areas that fit, the best first, of equals the largest first; a whole name stands alone.
export function search({ names, years }, text) {
  const typed = plain(text).filter((word) => word !== "county" && word !== "parish");
  if (typed.length === 0) { return []; }
  const fits = names.map((name) => fit(name, typed));
  const found = [...names.keys()].filter((j) => fits[j] !== null);
  const whole = found.filter((j) => fits[j] === 0);
  return (whole.length > 0 ? whole : found).toSorted((i, j) => fits[i] - fits[j] || years[j] - years[i] || i - j);
}

// What is said of a search that has not found one area.
export function several(data, text, found) {
  if (found.length === 0) { return `Nothing on this map is called “${text.trim()}”.`; }
  const shared = (j) => found.filter((i) => data.names[i] === data.names[j]).length > 1;
  const first = found.slice(0, 4).map((j) => shared(j) ? entry(data, j) : data.names[j]).join("; ") + (found.length > 4 ? ` and ${found.length - 4} more` : "");
  return `${found.length} counties match “${text.trim()}”: ${first}. Choose from the list` +
    (found.length > MOST ? ` of the first ${MOST}, or type more.` : ", or type more.");
}

export function colors(data, posterior) {
  return [...posterior ? data.post : data.raw].map((k) => (k === "-" ? "#999" : data.colors[Number(k)]));
}

// Two areas may have one name; the person-years tell them apart.
export function entry({ names, years }, j) {
  return `${names[j]} (${years[j] === null ? "no data" : `${years[j]} person-years`})`;
}

function option(text, value) {
  const made = document.createElement("option");
  made.textContent = text;
  made.value = value;
  return made;
}

export function start({ one, all, on, say }, data) {
  const areas = all(".areas path"), button = one(".which"), list = one("select");
  let posterior = false, pointed = -1, found = [];
  function paint() {
    colors(data, posterior).forEach((color, j) => areas[j].setAttribute("fill", color));
    one(".title").textContent = posterior ? "Posterior means" : "Raw rates";
    button.textContent = posterior ? "Show raw rates" : "Show posterior means";
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
  function find({ target }) {
    const text = target.value, typed = text.trim() !== "";
    found = search(data, text);
    target.setAttribute("aria-invalid", typed && found.length === 0);
    one(".several").hidden = found.length < 2;
    list.replaceChildren(option(`one of ${found.length}`, ""), ...found.slice(0, MOST).map((j) => option(entry(data, j), j)));
    if (found.length === 1) { tell(found[0]); return; }
    set(one(".here"), { d: "" });
    say(typed ? several(data, text, found) : "Point at a county, or type its name.");
  }
  on(".areas", "pointerover", point);
  on(".areas", "click", point);
  on(".which", "click", () => { posterior = !posterior; paint(); });
  on("input", "input", find);
  on("input", "keydown", ({ key }) => {
    if (key === "Enter" && found.length > 0) { tell(found[0]); list.value = found[0]; }
  });
  on("select", "change", () => { if (list.value) { tell(Number(list.value)); } });
  say("Point at a county, or type its name.");
  paint();
}
