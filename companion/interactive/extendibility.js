import { line, scales, set } from "./runtime.js";

// A case is [share, tickets, draws, box, mixture, distance, bound, chance].
export function find(cases, share, n, k) {
  return cases.find((one) => one[0] === share && one[1] === n && one[2] === k);
}

// The number of tickets that can be chosen and divided so, from this one on, or else the largest.
export function possible({ cases, tickets }, share, at) {
  const good = tickets.filter((n) => cases.some((one) => one[0] === share && one[1] === n));
  return good.find((n) => n >= tickets[at]) || good.at(-1);
}

// Tickets and distances (or bounds) for k draws, or for all tickets if k is 0.
export function curve(cases, share, k, what) {
  return cases.filter((one) => one[0] === share && one[2] === (k || one[1]))
    .map((one) => [one[1], one[what]]);
}

export function words(chosen, shares) {
  const [share, n, k, , , distance, bound, chance] = chosen;
  return `${k} of ${n} tickets are drawn, ${shares[share]} of the tickets are ones. Nearest ` +
    `mixture: one coin with chance ${chance.toFixed(2)}. Distance ${distance.toFixed(3)}: if it ` +
    `takes the place of the box, no event's probability changes by more. ` +
    `Bound ${bound.toFixed(3)}.` +
    (k === n ? " The box is drawn empty: the number of ones is known beforehand." : "");
}

export function start({ one, on, say }, data) {
  const { tickets, draws, shares, cases, frame, chart } = data;
  const [px, py] = scales(frame), [qx, qy] = scales(chart);
  function show() {
    const share = one(".share").selectedIndex;
    const n = possible(data, share, Number(one(".n").value));
    const most = draws.filter((k) => k <= n).length - 1;
    one(".n").value = tickets.indexOf(n);
    one(".k").value = Math.min(Number(one(".k").value), most);
    const k = draws[Number(one(".k").value)], chosen = find(cases, share, n, k);
    [["box", -0.4, 3], ["mixture", 0, 4]].forEach(([name, shift, which]) => {
      one(`.${name}`).innerHTML = chosen[which].map((p, s) =>
        `<rect x="${px(s + shift)}" y="${py(p)}" width="${px(0.4) - px(0)}" ` +
        `height="${frame.bottom - py(p)}"></rect>`).join("");
    });
    const draw = (name, points) => set(one(name), { points: line([qx, qy], points) });
    draw(".whole", curve(cases, share, 0, 5));
    draw(".part", curve(cases, share, k, 5));
    draw(".bound", curve(cases, share, k, 6));
    set(one(".here"), { cx: qx(n), cy: qy(chosen[5]) });
    one(".n").setAttribute("aria-valuetext", `${n} tickets`);
    one(".k").setAttribute("aria-valuetext", `${k} drawn`);
    say(words(chosen, shares));
  }
  [".n", ".k", ".share"].forEach((name) => on(name, "input", show));
  on(".all", "click", () => { one(".k").value = draws.length - 1; show(); });
  show();
}
