// Run notebooks in Node with the page's own kernel: node run.mjs <folder of Python> <notebook>...
// For each cell a line of JSON says what it showed. The tests read them.
import fs from "node:fs";
import path from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";

const [home, ...notebooks] = process.argv.slice(2).map((name) => path.resolve(name));
const here = import.meta.dirname;
const { loadPyodide } = await import(pathToFileURL(path.join(home, "pyodide.mjs")));
const text = (cell) => [cell.source].flat().join("");

const python = await loadPyodide({
  indexURL: `${home}${path.sep}`,
  env: { MPLBACKEND: "agg", HOME: "/home/pyodide" },
});
python.FS.writeFile(
  "/lib/python3.14/site-packages/live_kernel.py",
  fs.readFileSync(path.join(here, "page", "kernel.py"), "utf8"),
);

// One Python for all, and for each notebook a kernel that knows nothing yet.
for (const name of notebooks) {
  let shown = [];
  const kernel = python.pyimport("live_kernel").Kernel((kind, what, said) => {
    shown.push({ kind, name: what, text: said });
  });
  const cells = JSON.parse(fs.readFileSync(name, "utf8")).cells.filter((c) => c.cell_type === "code");
  for (const [number, cell] of cells.entries()) {
    shown = [];
    await python.loadPackagesFromImports(text(cell), { messageCallback: () => {} });
    const done = await kernel.run(text(cell));
    process.stdout.write(`${JSON.stringify({ notebook: path.basename(name), number, done, shown })}\n`);
  }
}
