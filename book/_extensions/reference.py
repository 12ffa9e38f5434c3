"""The reference of the companion: one page a module, from the docstrings.

The pages are written into `book/reference/` before Sphinx looks for its files,
and are no part of the repository. Public is what a module defines without an
underscore in front of its name; of the same names the tests ask a docstring.
"""

import functools
import importlib
import inspect
import pkgutil
from functools import cached_property
from pathlib import Path
from types import FunctionType

import companion

FOLDER = "book/reference"
PACKAGE = Path(companion.__file__).parent
METHODS = FunctionType, property, cached_property, classmethod, staticmethod


@functools.cache
def modules():
    """Return the names of the public modules, such as "companion.em"."""
    found = pkgutil.walk_packages([str(PACKAGE)], "companion.")
    return sorted(m.name for m in found if "._" not in m.name)


def public(module):
    """Return the public functions and classes that a module defines."""
    return {
        name: value
        for name, value in vars(module).items()
        if not name.startswith("_")
        and getattr(value, "__module__", None) == module.__name__
        and (inspect.isfunction(value) or inspect.isclass(value))
    }


def lineage(cls):
    """Return the class, and those that it stands on and that have entries."""
    return [c for c in cls.__mro__ if c.__module__ in modules() and not c.__name__.startswith("_")]


def members(cls):
    """Return the public methods and properties that stand under a class.

    They are those that it defines, and those that only a private class, which
    has no entry, defines for it.
    """
    bases = lineage(cls)[1:]
    private = [
        base
        for base in cls.__mro__[1:]
        if base.__module__.startswith("companion._")
        and not any(issubclass(public, base) for public in bases)
    ]
    return [
        name
        for owner in (cls, *private)
        for name, value in vars(owner).items()
        if not name.startswith("_") and isinstance(value, METHODS)
    ]


def inherited(cls):
    """Yield each class that `cls` stands on, and what `cls` has from there."""
    seen = set(members(cls))
    for base in lineage(cls)[1:]:
        names = [name for name in members(base) if name not in seen]
        seen.update(names)
        if names:
            yield base, names


def entry_of(name):
    """Return the name under which the reference has `name`, or None.

    A method stands under the class that defines it, a class under the module
    that does.
    """
    if name in modules():
        return name
    module, _, key = name.rpartition(".")
    if module in modules() and not key.startswith("_"):
        thing = vars(importlib.import_module(module)).get(key)
        known = inspect.isfunction(thing) or inspect.isclass(thing)
        return path(thing) if known and thing.__module__ in modules() else None
    owner = entry_of(module) if module and key else None
    cls = owner and thing_of(owner)
    for base in lineage(cls) if inspect.isclass(cls) else ():
        if key in members(base):
            return f"{path(base)}.{key}"
    return None


def thing_of(entry):
    """Return the function or class that has this entry; of others, None."""
    module, _, key = entry.rpartition(".")
    if module not in modules():
        return None
    return vars(importlib.import_module(module)).get(key)


def path(thing):
    """Return the whole name of a function, a class, or a method."""
    return f"{thing.__module__}.{thing.__qualname__}"


def entry(name, thing):
    """Yield the lines from which autodoc writes an entry."""
    if inspect.isfunction(thing):
        yield from [f".. autofunction:: {name}", ""]
        return
    own = ", ".join(members(thing))
    yield f".. autoclass:: {name}"
    if own:
        yield f"   :members: {own}"
    yield ""
    for base, names in inherited(thing):
        links = ", ".join(f":py:obj:`{n} <{path(base)}.{n}>`" for n in names)
        yield from [f"   From :py:class:`~{path(base)}` it has: {links}.", ""]


def text(name):
    """Return the page of a module as reStructuredText."""
    module = importlib.import_module(name)
    package, _, short = name.rpartition(".")
    title = name.removeprefix("companion.")
    lines = [title, "=" * len(title), "", f".. automodule:: {name}", ""]
    lines += [".. code-block:: python", ""]
    lines += [f"   from {package} import {short}", ""]
    for key, thing in public(module).items():
        lines += entry(key, thing)
    gathered = getattr(module, "__all__", ())  # by a package, of its modules
    for thing in map(vars(module).get, gathered):
        lines.append(f"- :py:class:`{thing.__name__} <{path(thing)}>`")
    return "\n".join(lines).rstrip() + "\n"


def write(folder):
    """Write the pages that changed; remove those of modules that are gone."""
    folder.mkdir(parents=True, exist_ok=True)
    pages = {folder / f"{name.removeprefix('companion.')}.rst": text(name) for name in modules()}
    for stale in set(folder.iterdir()) - set(pages):
        stale.unlink()
    for page, content in pages.items():
        if not page.exists() or page.read_text(encoding="utf-8") != content:
            page.write_text(content, encoding="utf-8")


def source_address(app):
    """Return the function that says where the source of a name lies."""

    def resolve(domain, info):
        options = app.config.html_theme_options
        address = (options.get("repository_url") or "").rstrip("/")
        if domain != "py" or not address:
            return None
        thing = importlib.import_module(info["module"])
        for part in info["fullname"].split("."):
            thing = inspect.getattr_static(thing, part)
        thing = getattr(thing, "fget", None) or getattr(thing, "func", thing)
        thing = inspect.unwrap(getattr(thing, "__func__", thing))
        lines, first = inspect.getsourcelines(thing)
        file = Path(inspect.getsourcefile(thing)).relative_to(PACKAGE.parent)
        place = f"{options['repository_branch']}/{file.as_posix()}"
        return f"{address}/blob/{place}#L{first}-L{first + len(lines) - 1}"

    return resolve


def find_inherited(app, env, node, content):
    """Lead a mention of what is inherited, or gathered, to its entry."""
    if node.get("refdomain") != "py":
        return None
    target = node["reftarget"]
    around = [node.get("py:module"), node.get("py:class")]
    for context in (around, around[:1], []):
        found = entry_of(".".join([*filter(None, context), target]))
        if found and found != target:
            place = node["refdoc"], app.builder, node["reftype"]
            resolve = env.get_domain("py").resolve_xref
            return resolve(env, *place, found, node, content)
    return None


def say_how_it_is_made(app, what, name, thing, options, signature, returns):
    """Show no signature of what nobody makes: a protocol, an error."""
    made = getattr(thing, "_is_protocol", False)
    if what == "exception" or (what == "class" and made):
        return "", None
    return signature, returns


def leave_out_the_source(app, page, template, context, doctree):
    """Offer no source of a page to download: its source is the companion."""
    if page.startswith(f"{FOLDER}/"):
        context["sourcename"] = context["page_source_suffix"] = ""


def setup(app):
    """Let numpydoc read the docstrings, and write the pages early."""
    for extension in ("sphinx.ext.autodoc", "sphinx.ext.linkcode", "numpydoc"):
        app.setup_extension(extension)
    app.connect("config-inited", configure, priority=100)  # before the toc
    app.connect("autodoc-process-signature", say_how_it_is_made)
    app.connect("missing-reference", find_inherited)
    app.connect("html-page-context", leave_out_the_source, priority=100)
    return {"parallel_read_safe": True}


def configure(app, config):
    """Write the pages, and set what autodoc and numpydoc need."""
    write(Path(app.srcdir) / FOLDER)
    config.linkcode_resolve = source_address(app)
    config.default_role = "literal"  # what stands in single backticks
    config.toc_object_entries_show_parents = "hide"
    config.autodoc_typehints = "none"  # docstrings say the types, and shapes
    config.autodoc_member_order = "bysource"
    config.autodoc_preserve_defaults = True
    config.numpydoc_show_class_members = False
    config.autosummary_generate = False
    config.add_module_names = False
