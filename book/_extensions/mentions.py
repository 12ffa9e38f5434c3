"""Makes a link of every mention of a formula, a figure, a chapter and so on.

The notebooks stay plain text. While a page is read, anchors.py marks what can
be mentioned, and every mention that mention_grammar.py finds in the prose
becomes a cross-reference of Sphinx; code, formulas, headings and what is a
link already are left alone. A link written by hand whose text is such a
mention, `[Exercise 3](#exercises)`, leads to the thing itself too. When all
pages are read, Sphinx resolves the references with the domain below; one that
finds nothing is a warning, and so is a link of the name "Chapter 6" that leads
to another chapter: the book is built with -W.

mentions.js shows a preview of what a link leads to; mentions.css has its look.
"""

import re

from docutils import nodes
from sphinx import addnodes
from sphinx.domains import Domain
from sphinx.errors import NoUri
from sphinx.util import logging
from sphinx.util.nodes import make_refnode

from anchors import mark, number_of, place
from mention_grammar import NUMBERED, find, whole

logger = logging.getLogger(__name__)
# What has a preview, and where links by hand are mended.
EXACT = {"formula", "exercise", *NUMBERED}
LINKS = (nodes.reference, addnodes.pending_xref, addnodes.download_reference)
# No prose, but it stands between words.
CLOSED = (nodes.literal, nodes.math, nodes.image)
SILENT = (nodes.raw, nodes.comment)
NUMBER_OF_PAGE = re.compile(r"(?:^|/)0?(\d+)_[^/]*$")


class Mentions(Domain):
    """What can be mentioned: {("formula", "4.2"): (page, anchor), ...}."""

    name = "course"
    label = "Course"
    initial_data = {"targets": {}}  # noqa: RUF012  (Sphinx copies it)
    data_version = 1

    def clear_doc(self, docname):
        """Forget what a page offered; the parts are not from a page."""
        self.data["targets"] = {
            key: at
            for key, at in self.data["targets"].items()
            if at[0] != docname or key[0] == "part"
        }

    def merge_domaindata(self, docnames, otherdata):
        """Take over what another process has read."""
        mine = {key: at for key, at in otherdata["targets"].items() if at[0] in docnames}
        self.data["targets"].update(mine)

    def add(self, docname, found):
        """Remember what a page offers."""
        for key, anchor in found.items():
            other = self.data["targets"].get(key)
            if other and other[0] != docname:
                logger.warning(
                    "%s %s is on page %s, too",
                    *key,
                    other[0],
                    location=docname,
                )
            self.data["targets"][key] = (docname, anchor)

    def resolve_xref(self, env, fromdocname, builder, typ, target, node, contnode):
        """Return the link; warn of a mention of nothing."""
        at = self.data["targets"].get((typ, target))
        if at is None:
            logger.warning(
                "%s: %r mentions %s %s, which is not in this book (write "
                "another book's with its author, a plain number otherwise)",
                place(node), node.astext(), typ, target, location=fromdocname,
            )  # fmt: skip
            raise NoUri
        title = env.titles[at[0]].astext() if typ == "chapter" else None
        link = make_refnode(builder, fromdocname, *at, contnode, title)
        if not at[1] and at[0] == fromdocname:  # a chapter that mentions itself
            link["refuri"] = builder.get_relative_uri(fromdocname, fromdocname) or "#"
            link.attributes.pop("refid", None)
        link["classes"] += ["mention", f"mention-{typ}"]
        return link

    def resolve_any_xref(self, *args):
        """Offer nothing to references that do not say what they mean."""
        return []


def reference(kind, target, children, like, docname):
    """Return a cross-reference that stands where the node `like` does."""
    link = addnodes.pending_xref(
        "", *children, refdomain="course", reftype=kind, reftarget=target,
        refdoc=docname, refexplicit=True, refwarn=True,
    )  # fmt: skip
    while like.line is None and like.parent is not None:
        like = like.parent
    link.source, link.line = like.source, like.line
    return link


def read(app, doctree):
    """Mark what can be mentioned on a page, and link what it mentions."""
    docname, domain = app.env.docname, app.env.get_domain("course")
    domain.add(docname, mark(doctree, docname))
    chapter = number_of(doctree)
    mend_links(doctree, docname, chapter)
    for block in list(doctree.findall(_is_prose)):
        link_mentions(block, docname, chapter)


def mend_links(doctree, docname, chapter):
    """Let a link whose text is a mention lead to what it names."""
    for link in list(doctree.findall(lambda n: isinstance(n, LINKS[:2]))):
        page = NUMBER_OF_PAGE.search(re.sub(r"(\.ipynb|\.html)?(#.*)?$", "", _address(link)))
        mention = whole(link.astext(), page[1] if page else chapter)
        if mention and mention.kind in EXACT:
            link.replace_self(reference(mention.kind, mention.target, link.children, link, docname))


def link_mentions(block, docname, chapter):
    """Put cross-references in the place of the mentions in a paragraph."""
    _join_texts(block)
    pieces = list(_pieces(block))
    mentions = find("".join(text for _, text, _ in pieces), chapter)
    start = 0
    for node, text, free in pieces:
        end = start + len(text)
        here = [m for m in mentions if start <= m.start < end]
        if here and here[0].start == 0 and _is_label(node):
            del here[0]
        if here and free:
            parts, done = [], start
            for m in here:
                words = [nodes.Text(text[m.start - start : m.end - start])]
                parts += [
                    nodes.Text(text[done - start : m.start - start]),
                    reference(m.kind, m.target, words, node.parent, docname),
                ]
                done = m.end
            parts.append(nodes.Text(text[done - start :]))
            node.parent.replace(node, parts)
            if done > end:
                logger.warning(
                    "%s: the mention that begins with %r is not in one piece",
                    place(block), str(words[0]), location=docname,
                )  # fmt: skip
        start = end


def check_links(app, doctree, docname):
    """Warn of a link called Chapter 6 that leads to another chapter."""
    targets = app.env.get_domain("course").data["targets"]
    pages = {at[0]: number for (kind, number), at in targets.items() if kind == "chapter"}
    for link in doctree.findall(nodes.reference):
        named = re.match(r"Chapter (\d+)\b", link.astext())
        page = NUMBER_OF_PAGE.search(re.sub(r"\.html(#.*)?$", "", link.get("refuri", "")))
        if named and page and page[1] in pages.values() and page[1] != named[1]:
            logger.warning(
                "%s: a link says %r and leads to Chapter %s",
                place(link), link.astext(), page[1], location=docname,
            )  # fmt: skip


def leave_out_numbers(app):
    """Let captions alone: they have their numbers, and Sphinx would add some.

    In `_config.yml` it would be in vain, as the book turns them on later.
    """
    app.config.numfig = False


def add_parts(app, env, docnames):
    """Add the parts that the table of contents names."""
    domain = env.get_domain("course")
    for part in env.external_site_map.root.subtrees:
        match = re.match(r"Part ([IVX]+)\b", part.caption or "")
        pages = [item for item in part.items if isinstance(item, str)]
        if match and pages:
            domain.data["targets"]["part", match[1]] = (str(pages[0]), "")


def pages_to_write(app, env):
    """Write all pages again if what can be mentioned has changed."""
    targets = env.get_domain("course").data["targets"]
    changed = getattr(env, "course_targets", targets) != targets
    env.course_targets = dict(targets)
    return sorted(env.all_docs) if changed else []


def add_files(app, page, template, context, doctree):
    """Load script and style only on pages that have use for them."""
    if doctree is None:
        return
    previews = {f"mention-{kind}" for kind in EXACT}
    if any(previews & set(link["classes"]) for link in doctree.findall(nodes.reference)):
        app.add_js_file("mentions.js", loading_method="defer")
        app.add_css_file("mentions.css")
    elif next(doctree.findall(nodes.figure), None):
        app.add_css_file("mentions.css")


def _address(link):
    """Return where a link by hand leads, as far as it is known yet."""
    return link.get("refuri") or link.get("reftarget") or ""


def _is_prose(node):
    """Tell whether a node holds words of the book; outputs do not."""
    if not isinstance(node, nodes.TextElement) or isinstance(
        node, (nodes.Inline, nodes.FixedTextElement, nodes.title)
    ):
        return False
    if isinstance(node, nodes.caption):
        return True
    while node is not None:
        if isinstance(node, nodes.container) and node.get("nb_element") == "cell_code":
            return False
        node = node.parent
    return True


def _is_label(text):
    """Tell whether a text names the thing itself: a caption's, a theorem's."""
    return isinstance(text.parent, (nodes.caption, nodes.strong))


def _join_texts(block):
    """Make one text of neighbours: a line may end inside "Chapter 4"."""
    for parent in [block, *block.findall(nodes.Inline)]:
        children = []
        for child in parent.children:
            if type(child) is nodes.Text and children and type(children[-1]) is nodes.Text:
                children[-1] = nodes.Text(children[-1] + child)
            else:
                children.append(child)
        if len(children) < len(parent.children):
            parent.children = []
            parent += children


def _pieces(node, free=True):
    """Yield the texts of a paragraph, and whether links may be made there."""
    for child in node.children:
        if isinstance(child, nodes.Text):
            yield child, child.astext(), free
        elif isinstance(child, CLOSED):
            yield child, "\ufffc", False
        elif not isinstance(child, SILENT):
            yield from _pieces(child, free and not isinstance(child, LINKS))


def setup(app):
    """Register the domain, and do each phase of a build in its event."""
    app.add_domain(Mentions)
    app.connect("builder-inited", leave_out_numbers)
    app.connect("env-before-read-docs", add_parts)
    app.connect("doctree-read", read, priority=400)  # before titles are taken
    app.connect("env-updated", pages_to_write)
    app.connect("doctree-resolved", check_links)
    app.connect("html-page-context", add_files)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
