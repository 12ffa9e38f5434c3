// Pack wheels again with the help of the very Python that will read them; see `pack.py`.
// node compile.mjs <folder of Pyodide> <file of jobs>
import fs from "node:fs";
import path from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";

const [core, jobs] = process.argv.slice(2).map((name) => path.resolve(name));
const { loadPyodide } = await import(pathToFileURL(path.join(core, "pyodide.mjs")));
// Hashes of strings decide the order of sets in compiled code.
const python = await loadPyodide({ indexURL: `${core}${path.sep}`, env: { PYTHONHASHSEED: "0" } });
const list = JSON.parse(fs.readFileSync(jobs, "utf8"));
const folders = [...new Set(list.flatMap((job) => [path.dirname(job.from), path.dirname(job.to)]))];
folders.forEach((root, k) => {
  python.FS.mkdirTree(`/host/${k}`);
  python.FS.mount(python.FS.filesystems.NODEFS, { root }, `/host/${k}`);
});
const inside = (name) => `/host/${folders.indexOf(path.dirname(name))}/${path.basename(name)}`;
const here = import.meta.dirname;
python.runPython(fs.readFileSync(path.join(here, "compiled.py"), "utf8"));
for (const job of list) {
  python.globals.get("repack")(inside(job.from), inside(job.to), job.leave_out);
}
