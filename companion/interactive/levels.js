import { line, scales, set } from "./runtime.js";

function expit(x) { return 1 / (1 + Math.exp(-x)); }

function signed(x) { return (x < 0 ? "" : "+") + x.toFixed(4); }

// What the nested model gains on one of the others, and the Monte Carlo error of that.
export function gain({ errors, standard }, a, b, k) {
  return [errors[a][b][k] - errors[a][b][2], standard[a][b][3 + k]];
}

export function words(data, a, b) {
  const { numbers, spreads, names, errors, location } = data;
  const [low, high] = [-1, 1].map((side) => expit(location + side * spreads[b]).toFixed(2));
  const where = spreads[b] === 0 ? `all their means are ${low}` :
    `two thirds of their means lie between ${low} and ${high}`;
  const seen = names.map((name, k) => `${name} ${errors[a][b][k].toFixed(4)}`).join(", ");
  const verdicts = [0, 1].map((k) => {
    const [more, error] = gain(data, a, b, k);
    const verb = Math.abs(more) <= 2 * error ? "is level with" : more > 0 ? "beats" : "loses to";
    return `${verb} ${names[k]} (${signed(more)} +- ${error.toFixed(4)})`;
  });
  return `${numbers[a]} laboratories, spread ${spreads[b].toFixed(1)}: ${where}. ` +
    `Error of the true rates: ${seen}. The nested model ${verdicts.join(" and ")}.`;
}

// Both pictures: over the spreads, and over the numbers. Positions, errors and their Monte Carlo
// errors of every point, and where the choice is.
export function pictures({ numbers, spreads, errors, standard }, a, b) {
  return [
    { x: spreads, error: errors[a], standard: standard[a], here: spreads[b] },
    {
      x: numbers, error: errors.map((row) => row[b]), standard: standard.map((row) => row[b]),
      here: numbers[a],
    },
  ];
}

export function start({ one, all, on, say }, data) {
  const number = one(".number"), spread = one(".spread"), cells = all("td");
  function show() {
    const a = Number(number.value), b = Number(spread.value);
    pictures(data, a, b).forEach(({ x, error, standard, here }, p) => {
      const frame = data.frames[p], [px, py] = scales(frame);
      set(all(".here")[p], { d: `M${px(here)},${frame.bottom}V${frame.top}` });
      data.names.forEach((_, k) => {
        const points = x.map((v, j) => [v, error[j][k]]);
        set(all(".curve")[3 * p + k], { points: line([px, py], points) });
        const bars = points.map(([v, e], j) =>
          `M${px(v)},${py(e - 2 * standard[j][k])}V${py(e + 2 * standard[j][k])}`);
        set(all(".bars")[3 * p + k], { d: bars.join("") });
      });
    });
    data.names.forEach((_, k) => {
      cells[2 * k].textContent = data.errors[a][b][k].toFixed(4);
      cells[2 * k + 1].textContent = data.standard[a][b][k].toFixed(4);
    });
    number.setAttribute("aria-valuetext", `${data.numbers[a]} laboratories`);
    spread.setAttribute("aria-valuetext", `spread ${data.spreads[b].toFixed(1)}`);
    say(words(data, a, b));
  }
  on(".number", "input", show);
  on(".spread", "input", show);
  show();
}
