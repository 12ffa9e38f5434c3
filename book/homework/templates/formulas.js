// Sets formulas as MathML: reads [[tex, display], ...] as JSON, writes the marked-up formulas.
// What a formula may do is limited: no links, no pictures, no styles, no endless macros.
const katex = require(process.argv[2]);
const asked = JSON.parse(require("fs").readFileSync(0, "utf8"));
const set = ([tex, display]) =>
  katex.renderToString(tex, {
    output: "mathml", displayMode: display, throwOnError: false, strict: "ignore",
    trust: false, maxSize: 20, maxExpand: 500,
  });
process.stdout.write(JSON.stringify(asked.map((formula) => set(formula))));
