"""What a page loads besides itself: one style sheet and one script, small.

The theme, Sphinx and its extensions ask for ten style sheets and fifteen
scripts on every page. Here they become one file of each kind. Style sheets
lose the rules that no page needs (see `sheets.py`). Scripts stand at the end,
so that a page is seen before they run. The theme's 1.5 MB of icons as a script
are left out: its web font has the same icons.

A page is given the names of its two files when it is written. The files are
put together when the whole site is there: some extensions copy theirs last.
"""

import hashlib
import re
from pathlib import Path

import sheets

TEMPLATES = Path(__file__).with_name("templates")
# The theme names these in its templates, not in Sphinx's lists.
FIRST_SHEETS = ["styles/theme.css", "styles/pydata-sphinx-theme.css"]
LAST_SCRIPTS = ["scripts/bootstrap.js", "scripts/pydata-sphinx-theme.js"]
# Scripts of extensions, and what a page has that needs them.
CODE = re.compile(r'class="highlight')
FOLDS = re.compile(r'class="[^"]*(?<![\w-])(?:toggle|dropdown)(?![\w-])')
NEEDED = {
    "togglebutton.js": FOLDS,
    "design-tabs.js": re.compile(r'class="[^"]*\bsd-tab-'),
    "clipboard.min.js": CODE,
    "copybutton.js": CODE,
}
# Lines that set up these scripts, or say what nobody asks.
LINES = re.compile(r"toggleHint|toggleOpenOnPrint|togglebuttonSelector|DOCUMENTATION_OPTIONS\.")
# The theme measures at once whatever may scroll, and so lays out the whole chapter; scrolling.js
# does it when the reader comes near.
MEASURES = re.compile(
    r'(function \w+\(\)\{)(const \w+=\(\)=>\{document\.querySelectorAll\(\["pre")'
)


def setup(app):
    """Name a page's two files when it is written; make them at the end."""
    app.connect("config-inited", add_templates)
    # After all who ask for files, and after all who copy theirs.
    app.connect("html-page-context", join_files, priority=950)
    app.connect("build-finished", write_files, priority=950)
    return {"parallel_read_safe": True}


def add_templates(app, config):
    """Let our layout come before the theme's, which it extends."""
    config.templates_path.append(str(TEMPLATES))
    app.joined_files = {}


def join_files(app, page, template, context, doctree):
    """Let a page ask for one style sheet and one script."""
    body = context.get("body") or ""

    asked = sorted(context["css_files"], key=lambda css: css.priority)
    plain = [css for css in asked if is_plain(css)]
    sheet = named(app, ".css", FIRST_SHEETS + [local(css) for css in plain])
    others = [css for css in asked if css not in plain]
    context["css_files"] = [*made(app, "css", sheet), *others]

    asked = sorted(context["script_files"], key=lambda js: js.priority)
    asked = [js for js in asked if is_needed(js, body)]
    plain = [js for js in asked if is_plain(js)]
    script = named(app, ".js", [local(js) for js in plain] + LAST_SCRIPTS)
    others = [js for js in asked if js not in plain]
    context["script_files"] = [*made(app, "js", script), *others]


def is_plain(asset):
    """Whether a file is the site's own and is asked for in the usual way."""
    usual = {"rel": "stylesheet", "type": "text/css", "defer": "defer"}
    tabs = "data-sd-tabs-storage-prefix"  # this script has a default
    return bool(local(asset)) and all(
        value is None or name == tabs or usual.get(name) == value
        for name, value in asset.attributes.items()
    )


def local(asset):
    """Return a file's path below `_static`, or nothing if it is elsewhere."""
    name = str(asset.filename or "")
    is_ours = name.startswith("_static/")
    return name.removeprefix("_static/") if is_ours else ""


def is_needed(script, body):
    """Whether a page with this body has something for the script to do."""
    if not script.filename:
        return not LINES.search(script.attributes.get("body") or "")
    needs = NEEDED.get(local(script))
    return needs is None or bool(needs.search(body))


def named(app, suffix, files):
    """Return the name of the file that these will make.

    It changes whenever they or the text of a page do, so a browser never keeps
    an old one.
    """
    files = list(dict.fromkeys(files))
    digest = hashlib.sha256(sources(app))
    for file in files:
        path = Path(app.outdir) / "_static" / file
        digest.update(file.encode())
        digest.update(path.read_bytes() if path.is_file() else b"")
    name = f"site-{digest.hexdigest()[:12]}{suffix}"
    app.joined_files[name] = files
    return name


def sources(app):
    """Return a fingerprint of all sources: they decide what is cut."""
    if not hasattr(app, "sources_digest"):
        digest = hashlib.sha256()
        for name in sorted(app.env.found_docs):
            digest.update(Path(app.env.doc2path(name)).read_bytes())
        app.sources_digest = digest.digest()
    return app.sources_digest


def made(app, kind, name):
    """Return Sphinx's own entry for a file, which its templates can write."""
    if kind == "css":
        app.builder.add_css_file(name)
        return app.builder._css_files[-1:]
    app.builder.add_js_file(name, defer="defer")
    return app.builder._js_files[-1:]


def write_files(app, exception):
    """Put the files together, the style sheets cut to what can be used."""
    if exception or app.builder.format != "html":
        return
    static = Path(app.outdir) / "_static"
    for name, files in app.joined_files.items():
        texts = [one(static / file, static) for file in files]
        (static / name).write_text("\n".join(texts), encoding="utf-8")
    known, begun = used(Path(app.outdir))
    for name in app.joined_files:
        if name.endswith(".css"):
            text = (static / name).read_text(encoding="utf-8")
            text = sheets.with_icons(sheets.cut(text, known, begun), static)
            text = '@charset "utf-8";\n' + sheets.swapped(text)
            (static / name).write_text(text, encoding="utf-8")


def one(path, static):
    """Return a file as it can stand beside others in a file of `static`."""
    if path.suffix == ".css":
        return sheets.joined(path, static)
    text = path.read_text(encoding="utf-8")
    if path.name == "pydata-sphinx-theme.js":
        text, times = MEASURES.subn(r"\1return;\2", text)
        if times != 1:
            raise ValueError(f"{path.name}: where is what measures all that may scroll?")
    return re.sub(r"\n?//# sourceMappingURL=.*", "", text) + "\n;"


def used(site):
    """Return the words of all pages and scripts, and beginnings of words."""
    pages = [path.read_text("utf-8") for path in sorted(site.rglob("*.html"))]
    found, inside = set(), []
    for page in pages:
        found.update(re.findall(r'<script[^>]* src="(?:\.\./)*([^"?]+)', page))
        inside += re.findall(r"(?s)<script[^>]*>(.+?)</script>", page)
    files = [site / name for name in sorted(found)]
    scripts = [path.read_text("utf-8") for path in files if path.is_file()]
    return sheets.words(*pages, *scripts), sheets.beginnings(*scripts, *inside)
