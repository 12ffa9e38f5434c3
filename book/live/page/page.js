// Run this page: makes the cells of a chapter editable and runs them in their place, with Python in a
// worker beside. The page is as it was until the reader asks, and again after Restore.

import { Cell, make } from "./cell.js";

// ---------------------------------------------------------------------------------- the worker

const beside = (name) => new URL(name, import.meta.url);

/** Python, loading or loaded: it hears of all sources first, so that it can fetch what they import. */
function startPython(home, sources, hear) {
  const worker = new Worker(beside("worker.js"), { type: "module" });
  worker.addEventListener("message", ({ data }) => hear(data));
  worker.addEventListener("error", (event) => hear({ kind: "failed", text: event.message }));
  worker.postMessage({ home, kind: "start", sources });
  return {
    end: () => worker.terminate(),
    run: (id, source) => worker.postMessage({ id, kind: "run", source }),
  };
}

// ---------------------------------------------------------------------------------- the session

class Session {
  constructor(offer) {
    this.offer = offer;
    this.home = new URL(`${offer.dataset.live}${offer.dataset.python}/`, location.href).href;
    this.boxes = [...document.querySelectorAll("article div.cell")].filter((box) => box.querySelector(".cell_input pre"));
    this.sources = this.boxes.map((box) => box.querySelector(".cell_input pre").textContent).join("\n");
    this.cells = [];
    this.queue = [];
    this.made = 0;
    this.status = offer.querySelector("[role=status]");
  }

  /** Load Python; the page itself stays as it is. */
  prepare() {
    this.ready = false;
    this.python ??= startPython(this.home, this.sources, (data) => this.hear(data));
  }

  say(text) { this.status.textContent = text; }

  open() {
    this.prepare();
    this.began = performance.now();
    this.bar = make("span", { class: "live-bar" });
    const buttons = {
      "Run all": () => this.runAll(), Stop: () => this.stop(),
      Restart: () => this.restart(), Restore: () => this.restore(),
    };
    for (const name in buttons) {
      const button = make("button", { type: "button" }, name);
      button.addEventListener("click", buttons[name]);
      this.bar.append(button);
    }
    const ask = this.offer.querySelector("button");
    ask.hidden = true;
    ask.after(this.bar);
    this.bar.firstElementChild.focus();
    document.head.append(this.style());
    this.cells = this.boxes.map((box, k) => new Cell(box, k + 1, this));
    this.runAll();
  }

  style() {
    this.sheet ??= make("link", { href: beside("page.css").href, rel: "stylesheet" });
    return this.sheet;
  }

  runAll() { this.enqueue(this.cells); }

  /** A cell needs those before it: they run first, unless they have. */
  runUpTo(cell) {
    this.enqueue([...this.cells.slice(0, cell.number - 1).filter((c) => !c.ran && !this.isWaiting(c)), cell]);
  }

  isWaiting(cell) { return cell === this.running || this.queue.includes(cell); }

  enqueue(cells) {
    this.prepare();
    if (!this.running && this.queue.length === 0) { this.began = performance.now(); }
    this.queue.push(...cells);
    this.next();
  }

  next() {
    if (this.running) { return; }
    const cell = this.queue.shift();
    if (!cell) { return; }
    this.running = cell;
    cell.begin();
    this.python.run(cell.number, cell.text);
    this.say(this.ready ? `Cell ${cell.number} of ${this.cells.length} is running.` : "Python is on its way.");
  }

  hear(data) {
    if (data.kind === "python") {
      this.mark("python");
      this.say("Python is here; its libraries are on their way.");
    } else if (data.kind === "ready") {
      this.ready = true;
      this.mark("ready");
      this.say(this.running ? `Cell ${this.running.number} of ${this.cells.length} is running.` : "");
    } else if (data.kind === "failed") {
      this.fail(`Python could not be loaded: ${data.text}`);
    } else if (data.kind === "done") {
      this.finish(data.done);
    } else {
      this.mark("first");
      this.running?.show(data);
    }
  }

  /** Moments, for whoever measures. */
  mark(name) {
    if (!this.offer.dataset[name]) { this.offer.dataset[name] = Math.round(performance.now() - (this.began ?? 0)); }
  }

  finish(done) {
    const cell = this.running;
    this.running = undefined;
    cell.end(done);
    if (!done) {
      this.queue = [];
      this.say(`Cell ${cell.number} failed: what it said stands below it.`);
    } else if (this.queue.length === 0) {
      const seconds = ((performance.now() - this.began) / 1000).toFixed(1);
      const whole = this.cells.every((c) => c.ran);
      this.say(whole ? `All ${this.cells.length} cells have run, in ${seconds} seconds.` : `Cell ${cell.number} has run.`);
      if (whole) { this.offer.dataset.all = Math.round(performance.now() - this.began); }
    }
    this.next();
  }

  fail(text) {
    this.end();
    this.say(text);
  }

  end() {
    this.python?.end();
    this.python = undefined;
    this.queue = [];
    this.running?.end(false);
    this.running = undefined;
    this.cells.forEach((cell) => { cell.ran = false; });
  }

  stop() {
    const cell = this.running;
    this.end();
    this.say(cell ? `Stopped in cell ${cell.number}. The next run begins with a fresh Python.` : "Nothing was running.");
  }

  restart() {
    this.end();
    this.prepare();
    this.say("Python begins anew: no cell has run.");
  }

  restore() {
    this.end();
    this.cells.forEach((cell) => cell.restore());
    this.cells = [];
    this.bar.remove();
    this.sheet.remove();
    const ask = this.offer.querySelector("button");
    ask.hidden = false;
    ask.focus();
    this.say("The page is as it was.");
  }
}

const sessions = new WeakMap();

const sessionOf = (offer) => {
  if (!sessions.has(offer)) { sessions.set(offer, new Session(offer)); }
  return sessions.get(offer);
};

/** The reader reaches for the button: loading begins. */
export const prepare = (offer) => sessionOf(offer).prepare();

/** The reader asks. */
export const open = (offer) => sessionOf(offer).open();
