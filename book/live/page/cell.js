// A cell of a page that runs: its text, which the reader may change, and what it shows.

export const make = (tag, attributes = {}, text = "") => {
  const element = document.createElement(tag);
  for (const name in attributes) { element.setAttribute(name, attributes[name]); }
  element.textContent = text;
  return element;
};

/** Names of figures in what Python shows: built ones on the page may have the same. */
export const renamed = (html, number) =>
  html.replaceAll(/\bcompanion-figure-(\d+)/gu, `companion-figure-live-${number}-$1`);

/** A head without text is no head: tables of data have one over their index. */
export const plainHeads = (html) =>
  html.replaceAll(/<th([^>]*)>\s*<\/th>/gu, "<td$1></td>");

/** The text after what was printed with `\r`, as a terminal would show it. */
export const asOnTerminal = (text) => text.replaceAll(/^[^\n]*\r(?=[^\n])/gmu, "");

export class Cell {
  constructor(box, number, session) {
    Object.assign(this, { box, number, session, ran: false });
    this.code = box.querySelector(".cell_input > [class*=highlight]");
    this.built = box.querySelector(".cell_output") ?? undefined;
    // A cell that is folded as a whole has its output in the fold.
    this.home = box.classList.contains("tag_hide-cell") ? box.querySelector(".cell_input").parentElement : box;
    this.source = this.code.querySelector("pre").textContent.replace(/\n$/u, "");
    this.figures = [...(this.built?.querySelectorAll("figure, img:not(figure img)") ?? [])];
    this.output = this.built;
    this.edit();
  }

  get text() { return this.editor.value; }

  edit() {
    this.editor = make("textarea", {
      "aria-label": `Code of cell ${this.number}`, autocapitalize: "off", autocomplete: "off",
      class: "live-code", spellcheck: "false", wrap: "off",
    });
    this.editor.value = this.source;
    this.button = make("button", { "aria-label": `Run cell ${this.number}`, class: "live-run", type: "button" }, "Run");
    this.added = make("div", { class: "live-cell" });
    this.added.append(this.editor, this.button);
    this.code.hidden = true;
    this.code.after(this.added);
    this.fit();
    this.editor.addEventListener("input", () => this.fit());
    this.editor.addEventListener("keydown", (event) => this.key(event));
    this.button.addEventListener("click", () => this.session.runUpTo(this));
  }

  fit() { this.editor.rows = this.text.split("\n").length; }

  key(event) {
    if (event.key === "Enter" && (event.shiftKey || event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.session.runUpTo(this);
      if (event.shiftKey) { this.session.cells[this.number]?.editor.focus(); }
    }
  }

  /** An empty place for what comes; the built outputs wait for Restore. */
  begin() {
    const fresh = make("div", { class: "cell_output docutils container live-output" });
    this.ran = false;
    this.shown = 0;
    this.box.classList.add("live-running");
    if (this.output) {
      // What was shown keeps its height until the first new output: the page does not jump.
      this.output.classList.add("live-old");
    }
    this.fresh = fresh;
  }

  place() {
    if (!this.fresh) { return; }
    if (this.output) { this.output.replaceWith(this.fresh); } else { this.home.append(this.fresh); }
    this.output?.classList.remove("live-old");
    this.output = this.fresh;
    this.fresh = undefined;
  }

  end(done) {
    this.ran = done;
    this.place();
    if (!this.output.hasChildNodes()) { this.output.remove(); this.output = undefined; }
    this.box.classList.remove("live-running");
  }

  show({ kind, name, text }) {
    this.place();
    if (kind === "stream") {
      this.print(name, text);
    } else if (kind === "text") {
      this.output.append(terminal("text_plain", `${text}\n`));
    } else if (kind === "html") {
      this.output.append(this.html(text));
    } else if (kind === "image") {
      this.output.append(this.picture(text));
    } else {
      const box = terminal("stderr live-error", text);
      box.setAttribute("role", "alert");
      this.output.append(box);
    }
  }

  print(name, text) {
    const last = this.output.lastElementChild;
    const kind = name === "stdout" ? "stream" : "stderr";
    const box = last?.classList.contains(kind) ? last : terminal(kind, "");
    const pre = box.querySelector("pre");
    pre.textContent = asOnTerminal(pre.textContent + text);
    this.output.append(box);
  }

  html(text) {
    const box = make("div", { class: "output text_html" });
    this.session.made += 1;
    box.innerHTML = plainHeads(renamed(text, this.session.made));
    // A script that comes as text does not run: a copy does, once the figure is on the page.
    for (const old of box.querySelectorAll("script")) {
      const script = make("script", {}, old.textContent);
      queueMicrotask(() => old.replaceWith(script));
    }
    return box;
  }

  /** A figure, with the description and the caption that the built one has. */
  picture(address) {
    const model = this.figures[this.shown];
    this.shown += 1;
    const copy = model?.cloneNode(true) ?? make("img", { alt: `Figure ${this.shown} of cell ${this.number}` });
    const image = copy.matches("img") ? copy : copy.querySelector("img");
    for (const name of ["width", "height", "loading", "srcset"]) { image.removeAttribute(name); }
    image.addEventListener("load", () => { image.width = Math.round(image.naturalWidth / 2); });
    image.src = address;
    return copy;
  }

  restore() {
    this.added.remove();
    this.code.hidden = false;
    this.box.classList.remove("live-running");
    this.built?.classList.remove("live-old");
    if (this.output !== this.built) {
      if (this.output && this.built) { this.output.replaceWith(this.built); }
      else if (this.built) { this.home.append(this.built); }
      else { this.output.remove(); }
    }
  }
}

function terminal(kind, text) {
  const box = make("div", { class: `output ${kind} highlight-myst-ansi notranslate` });
  const inner = make("div", { class: "highlight" });
  inner.append(make("pre", { tabindex: "0" }, text));
  box.append(inner);
  return box;
}
