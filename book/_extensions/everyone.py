"""What some readers need and the theme forgets.

Folds have the name that is written on them, the title of the site has a
landmark, and tables have no heads without text.
"""

import re
from html import escape
from pathlib import Path

from docutils import nodes
from myst_nb.sphinx_ import HideCodeCellNode

TEMPLATES = Path(__file__).parent / "everyone"
TOGGLE = '<span class="toctree-toggle" role="presentation">'
TOGGLE_SAYS = '<span class="visually-hidden">Show the pages below</span>'
EMPTY_HEAD = re.compile(r"<th(?P<more>\s[^>]*)?>\s*</th>")


def setup(app):
    """Mend the markup before it is written."""
    app.connect("config-inited", add_templates)
    app.connect("doctree-read", mend_tables)
    app.connect("html-page-context", name_toggles, priority=900)
    fold = (open_fold, close_fold)
    app.add_node(HideCodeCellNode, override=True, html=fold)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def add_templates(app, config):
    """Let our templates come before the theme's."""
    config.templates_path.insert(0, str(TEMPLATES))


def mend_tables(app, doctree):
    """Turn heads without text into plain cells.

    Data frames have one over their index; it would be read out as a head.
    """
    for node in doctree.findall(nodes.raw):
        text = node.astext()
        if "html" in node["format"].split() and EMPTY_HEAD.search(text):
            node.rawsource = EMPTY_HEAD.sub(as_cell, text)
            node.children = [nodes.Text(node.rawsource)]


def name_toggles(app, pagename, templatename, context, doctree):
    """Let the toggles of the list of pages say what they do, for those who do not see the arrow."""
    make = context.get("generate_toctree_html")

    def named(kind, **options):
        html = make(kind, **options)
        return str(html).replace(TOGGLE, TOGGLE + TOGGLE_SAYS) if kind == "sidebar" else html

    if make:
        context["generate_toctree_html"] = named


def as_cell(head):
    """Return the cell that takes the place of a head."""
    return f"<td{head['more'] or ''}></td>"


def open_fold(translator, node):
    """Open a fold that is named as it is written, "Show the code"."""
    write = translator.body.append
    kinds = " ".join(node["classes"])
    write(f'<details class="admonition hide {kinds}">\n<summary>\n')
    for state, key in (
        ("collapsed", "prompt_show"),
        ("expanded", "prompt_hide"),
    ):
        title = escape(node[key])
        write(f'<p class="{state} admonition-title">{title}</p>\n')
    write("</summary>\n")


def close_fold(translator, node):
    """Close it again."""
    translator.body.append("</details>\n")
