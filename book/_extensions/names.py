"""Names of the companion lead to the reference, in prose and in code.

In code `sphinx_codeautolink` finds them, which follows imports and types. In
prose a literal is such a name if it begins with a module (`em.fit`, or `ex.`
where the page imports it so) or with a class, or if it is the bare name of a
module, a function, a class, or a method with an underscore that one class
alone defines, unless the page itself gives the name to something else. A
name that begins so and does not exist is a warning, which fails the build.
"""

import ast
import collections
import functools
import importlib
import inspect
import posixpath
import re

from docutils import nodes
from sphinx import addnodes
from sphinx.transforms import SphinxTransform
from sphinx.util import logging

import reference

NAME = re.compile(r"((?:[^\W\d]\w*\.)*[^\W\d]\w*)(?:\(.*\))?", re.DOTALL)
FILE = re.compile(r"\.(?:py|md|csv|json|ipynb|html|js|whl)$")
PYTHON = {"python", "python3", "py", "ipython", "ipython3"}
LINK = re.compile(r'<a (?=[^>]*class="[^"]*(?:companion-name|sphinx-codeautolink-a))[^>]*>')
BLOCK = re.compile(
    r'<div class="(?:highlight-|doctest)[^"]*"><div class="highlight"><pre>'
    r".*?</pre></div>\s*</div>",
    re.DOTALL,
)
BETWEEN = "<!-- the next block -->"
logger = logging.getLogger(__name__)


@functools.cache
def bare():
    """Return what a bare name means everywhere: name -> entry."""
    found, methods = {}, collections.defaultdict(set)
    for module in reference.modules():
        found[module.removeprefix("companion.")] = module
        public = reference.public(importlib.import_module(module))
        for name, thing in public.items():
            found[name] = reference.path(thing)
            if inspect.isclass(thing):
                for method in reference.members(thing):
                    methods[method].add(f"{reference.path(thing)}.{method}")
    for name, owners in methods.items():
        if "_" in name and len(owners) == 1:
            found.setdefault(name, *owners)
    return found


def exists(name):
    """Whether Python knows a name of the companion, public or not."""
    parts = name.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            thing = importlib.import_module(".".join(parts[:cut]))
        except ImportError:
            continue
        for part in parts[cut:]:
            if inspect.isclass(thing) and any(
                part in inspect.get_annotations(c) for c in thing.__mro__
            ):
                return True  # a field
            if not hasattr(thing, part):
                return False
            thing = getattr(thing, part)
        return True
    return False


def reading(sources):
    """Return what pieces of code import of the companion, and what they bind.

    The first is a dictionary from names to whole names, the second a set;
    what is not Python, such as a line of IPython, is passed over.
    """
    imported, bound = {}, set()
    for source in sources:
        for node in ast.walk(parsed(source)):
            if isinstance(node, ast.ImportFrom) and node.module:
                top = node.module.split(".")[0] == "companion"
                for alias in node.names:
                    known = alias.asname or alias.name
                    if top:
                        imported[known] = f"{node.module}.{alias.name}"
                    else:
                        bound.add(known)
            elif isinstance(node, ast.Name):
                if isinstance(node.ctx, ast.Store):
                    bound.add(node.id)
            elif isinstance(node, ast.FunctionDef | ast.ClassDef):
                bound.add(node.name)
    return imported, bound


def parsed(source):
    """Return the tree of a piece of code, an empty one if it is no Python."""
    try:
        return ast.parse(source)
    except SyntaxError:
        return ast.Module([], [])


def meaning(literal, imported, bound):
    """Return the whole name that a literal means, or None."""
    found = NAME.fullmatch(literal)
    if not found or FILE.search(found[1]):
        return None
    first, _, rest = found[1].partition(".")
    if first == "companion":
        return found[1] if rest else None
    wholes = [imported.get(first)]
    if first not in bound:  # a function can have the name of its module
        module = f"companion.{first}"
        wholes += [module if module in reference.modules() else None]
        known = bare().get(first)
        holds = inspect.isclass(known and reference.thing_of(known))
        wholes.insert(1, known if holds or not rest else None)
    names = [f"{w}.{rest}" if rest else w for w in wholes if w]
    return next(filter(exists, names), names[0] if names else None)


def wrong_code(source, imported):
    """Return the names of the companion in code that do not exist."""
    names = set(reading([source])[0].values())
    for node in ast.walk(parsed(source)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            whole = imported.get(node.value.id)
            if whole in reference.modules():
                names.add(f"{whole}.{node.attr}")
    return sorted(name for name in names if not exists(name))


class Names(SphinxTransform):
    """Make references of the literals of a page that name something."""

    default_priority = 700

    def apply(self, **kwargs):
        """Read the page's code first: it says what names mean here."""
        pages = self.config.external_site_map.globs()
        if f"{reference.FOLDER}/*" not in pages:
            return  # a book without the reference
        blocks = [
            block
            for block in self.document.findall(nodes.literal_block)
            if block.get("language") in PYTHON
        ]
        sources = [block.astext() for block in blocks]
        imported, bound = reading(sources)
        for block, source in zip(blocks, sources, strict=True):
            for name in wrong_code(source, imported):
                self.complain(name, block)
        for literal in list(self.document.findall(nodes.literal)):
            self.link(literal, meaning(literal.astext(), imported, bound))

    def link(self, literal, name):
        """Wrap a literal in a reference to its entry."""
        links = nodes.reference, nodes.title, addnodes.pending_xref
        above = literal
        while name and above is not None:
            if isinstance(above, links):
                return
            above = above.parent
        if not name:
            return
        entry = reference.entry_of(name)
        if not entry and not exists(name):
            self.complain(name, literal)
            return
        entry = entry or reference.entry_of(name.rpartition(".")[0])
        if not entry or name.rpartition(".")[2].startswith("_"):
            return
        link = addnodes.pending_xref(
            "", refdomain="py", reftype="obj", reftarget=entry, refwarn=True,
            refdoc=self.env.docname, refexplicit=True,
        )  # fmt: skip
        literal.replace_self(link)
        literal["classes"] += ["companion-name"]
        link += literal

    def complain(self, name, place):
        """Say that a name does not exist, and where it stands."""
        logger.warning("the companion has no %s", name, location=place)


def take_code_out(app, page, template, context, doctree):
    """Give the library the blocks of code alone: it parses all that it gets.

    That takes seconds on a page with large figures, which need no parsing.
    """
    context["around_code"] = body = context.get("body") or ""
    context["body"] = BETWEEN.join(BLOCK.findall(body))


def put_code_back(app, page, template, context, doctree):
    """Put the blocks, now with links, where they were."""
    blocks = iter(context["body"].split(BETWEEN))
    body = context.pop("around_code")
    context["body"] = BLOCK.sub(lambda _: next(blocks), body)


def calm(app, page, template, context, doctree):
    """Let the Tab key stop once at each name, not at each mention of it."""
    seen = set()

    def stop(link):
        href = re.search('href="([^"]*)"', link[0])[1]
        target = posixpath.normpath(posixpath.join(page, "..", href))
        if target in seen:
            return f'{link[0][:-1]} tabindex="-1">'
        seen.add(target)
        return link[0]

    context["body"] = LINK.sub(stop, context["body"])


def mark(app, doctree, docname):
    """Move the mark of a name from the literal to the link around it."""
    for literal in doctree.findall(nodes.literal):
        if "companion-name" in literal["classes"]:
            literal["classes"].remove("companion-name")
            if isinstance(literal.parent, nodes.reference):
                literal.parent["classes"].append("companion-name")


def setup(app):
    """Begin with the library for code; its style sheet is not needed."""
    app.setup_extension("reference")
    app.setup_extension("sphinx_codeautolink")
    app.registry.css_files[:] = [
        sheet for sheet in app.registry.css_files if "codeautolink" not in sheet[0]
    ]
    app.add_transform(Names)
    app.connect("config-inited", configure)
    app.connect("doctree-resolved", mark)
    app.connect("html-page-context", take_code_out, priority=499)
    app.connect("html-page-context", put_code_back, priority=501)
    app.connect("html-page-context", calm, priority=502)
    return {"parallel_read_safe": True}


def configure(app, config):
    """Let the cells of a notebook count as one program."""
    config.codeautolink_custom_blocks = {"ipython3": None, "ipython": None}
    config.codeautolink_concat_default = True
