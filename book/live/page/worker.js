// Python beside the page: loads Pyodide, runs cells, and tells the page what they show.
// Nothing waits at the top level: a message that came before would be lost.

const QUIET = { messageCallback: () => {} };

async function start(home) {
  const [{ loadPyodide }, kernel] = await Promise.all([
    import(new URL("pyodide.mjs", home).href),
    fetch(new URL("kernel.py", import.meta.url)).then((answer) => answer.text()),
  ]);
  const python = await loadPyodide({ indexURL: home, env: { MPLBACKEND: "agg", HOME: "/home/pyodide" } });
  python.FS.writeFile("/lib/python3.14/site-packages/live_kernel.py", kernel);
  return python;
}

// The packages of what a cell imports. The first cells of a chapter need nearly all of them.
const load = (python, source) => python.loadPackagesFromImports(source, QUIET);

let ready;
let running;

async function run({ id, source }) {
  const { python, kernel } = await ready;
  running = id;
  let done = false;
  try {
    await load(python, source);
    done = await kernel.run(source);
  } catch (error) {
    postMessage({ id, kind: "error", name: "", text: String(error) });
  }
  postMessage({ id, kind: "done", done });
}

async function prepare({ home, sources }) {
  const python = await start(home);
  postMessage({ kind: "python" });
  await load(python, sources);
  const emit = (kind, name, text) => postMessage({ id: running, kind, name, text });
  const kernel = python.pyimport("live_kernel").Kernel(emit);
  postMessage({ kind: "ready" });
  return { python, kernel };
}

let last = Promise.resolve();

addEventListener("message", ({ data }) => {
  if (data.kind === "start") {
    ready = prepare(data);
    ready.catch((error) => postMessage({ kind: "failed", text: String(error) }));
  } else {
    last = last.then(() => run(data));
  }
});
