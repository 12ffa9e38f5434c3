"""Tags of the notebooks' cells with which instructors choose what is on slides.

- `slide`: what the cell holds is a slide of its own, whole, even its code that the site folds;
- `slide-2`: so, and it is the second slide of its section;
- `notes`: what the cell holds is for the speaker only;
- `skip`: what the cell holds is neither shown nor said.

The tags come from the notebooks from which the site was made (`_sources`). A cell of text leaves no
trace in a page: its blocks are those up to the next cell's, and it begins right after a cell of
code, or else where its first words stand. The tag of a cell with a heading acts on what it holds,
not on the section.
"""

import json
import re

from pages import EditionError

OURS = re.compile(r"slide(?:-([1-9]\d*))?|skip|notes")
THEIRS = {
    *("hide-cell", "hide-input", "hide-output", "remove-cell", "remove-input", "remove-output"),
    *("raises-exception", "scroll-output", "output_scroll", "full-width", "margin"),
}


class Marks(dict):
    """{block of a page: tag}, and from which cell each of them came in `cells`."""

    def __init__(self):
        super().__init__()
        self.cells = {}


def cell_of(block, tags):
    """Return the number of the cell from which a tagged block came."""
    return tags.cells[block]


def place(tag):
    """Return the place that a tag asks for; 0 if it asks for none."""
    return int(OURS.fullmatch(tag)[1] or 0)


def tagged(cell, where):
    """Return the tag of ours that a cell has, or "".

    Parameters
    ----------
    cell : dict
        Of a notebook.
    where : str
        Its file, for messages.
    """
    tags = cell["metadata"].get("tags", [])
    at = f"{where}, cell {cell.get('id', '?')}"
    ours = [tag for tag in tags if OURS.fullmatch(tag)]
    for tag in tags:
        if tag not in ours and tag not in THEIRS:
            raise EditionError(f"{at}: nobody knows the tag {tag!r}")
    if len(ours) > 1 or (ours and "remove-cell" in tags):
        raise EditionError(f"{at}: the tags {', '.join(map(repr, tags))} contradict each other")
    return ours[0] if ours else ""


def blocks_of(body):
    """Return what stands in a page in one row: headings, paragraphs, cells, and so on."""
    found = []
    for element in body:
        if element.tag == "section":
            found += blocks_of(element)
        elif isinstance(element.tag, str):
            found.append(element)
    return found


def marks(notebook, body):
    """Return the tags of a notebook's cells, each at the blocks of the page that it holds.

    Parameters
    ----------
    notebook : Path
    body : lxml element
        The chapter, as the site has it.
    """
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    tags = [tagged(cell, notebook.name) for cell in cells]
    found = Marks()
    if not any(tags):
        return found
    cells = [cell for cell in cells if "remove-cell" not in cell["metadata"].get("tags", [])]
    blocks, starts, at = blocks_of(body), [], 0
    for cell, before in zip(cells, [None, *cells], strict=False):
        if is_caption(cell, before, blocks[at:]):  # which stands within its figure
            starts.append(at)
            if tagged(cell, notebook.name):
                at = f"{notebook.name}, cell {cell.get('id', '?')}"
                raise EditionError(f"{at}: a caption goes with its figure; tag the figure's cell")
            continue
        starts.append(beginning(cell, before, blocks, at, notebook.name))
        at = starts[-1] + 1
    for k, cell in enumerate(cells):
        tag = tagged(cell, notebook.name)
        for block in blocks[starts[k] : [*starts, len(blocks)][k + 1]] if tag else []:
            found[block], found.cells[block] = tag, k
    return found


def is_caption(cell, before, blocks):
    """Whether a cell of text is no more than the caption of the figure before it."""
    text = "".join(cell["source"]).strip()
    alone = re.fullmatch(r"\*[^*].*\*", text) and before and before["cell_type"] == "code"
    return bool(alone and not starts_with(blocks[:1], first_words(text)))


def first_words(text):
    """Return the first words of a cell, up to what a page may show otherwise."""
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    return words(re.split(r"[$`\[<\n]", re.sub(r"[#>*_]", "", text).strip())[0])


def starts_with(blocks, first):
    """Return the numbers of the blocks that begin with these words."""
    return [k for k, block in enumerate(blocks) if words(block.text_content()).startswith(first)]


def beginning(cell, before, blocks, at, where):
    """Return the number of the block with which a cell begins, at `at` or later."""
    if cell["cell_type"] == "code":
        matches = [
            k for k in range(at, len(blocks)) if "cell" in blocks[k].get("class", "").split()
        ]
    elif before is None or before["cell_type"] == "code":
        matches = [at] if at < len(blocks) else []
    else:
        first = first_words("".join(cell["source"]))
        matches = [at + k for k in starts_with(blocks[at:], first)]
    if not matches:
        raise EditionError(f"{where}, cell {cell.get('id', '?')}: not found in the page")
    return matches[0]


def words(text):
    """Return the words of a text, for comparison."""
    return " ".join(re.findall(r"\w+", text)).lower()
