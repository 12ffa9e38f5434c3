"""A slide, and which of them go together: none shows a single sentence, none is too full."""

from dataclasses import dataclass, field

from lxml import html

import slide_sizes
from pages import EditionError
from slide_blocks import classes, said_too, sentences

QUIET = {"text", "formula", "list", "theorem"}  # kinds that stand together where they are short
ALONE = {"opening", "exercise", "tagged"}


@dataclass
class Slide:
    """What is shown together, and what is said with it.

    Attributes
    ----------
    kind : str
        "text", "formula", "theorem", "code", "list", "figure", "live", "table", "exercise",
        "opening" or "tagged".
    heading, under : str
        Inner HTML of the section's heading, and of the heading below it.
    shown, said : list of lxml element
    leads : bool
        Whether it ends with a sentence that leads to what comes next.
    place : int
        The place in its section that a tag asks for; 0 if none does.
    anchor : str
        The id of the section that begins here, or "".
    size : int
        Of the letters of its prose, in pixels.
    """

    kind: str
    heading: str
    under: str = ""
    shown: list = field(default_factory=list)
    said: list = field(default_factory=list)
    leads: bool = False
    place: int = 0
    anchor: str = ""
    size: int = slide_sizes.TEXT

    @property
    def height(self):
        """Pixels that it needs, as far as can be told without a browser."""
        return slide_sizes.heights(self.shown)

    @property
    def room(self):
        """Pixels that it has below its headings."""
        return slide_sizes.room(self.heading, self.under)

    @property
    def is_short(self):
        """Whether it shows a single sentence, or a few lines of code that print nothing."""
        if len(self.shown) != 1 or self.place:
            return False
        (block,) = self.shown
        if self.kind == "text":
            return len(sentences(block)) == 1 or len(block.text_content()) < 110
        few = self.kind == "code" and block.text_content().count("\n") < 3
        return few and "printed" not in classes(block)

    def has_room_for(self, other, share=1.0):
        """Whether another slide's things fit below these."""
        height = slide_sizes.heights(self.shown + other.shown, slide_sizes.LETTER_SIZES[-2])
        return height <= share * min(self.room, other.room)

    def join(self, other):
        """Take in what the next slide shows and says."""
        self.shown += other.shown
        self.said += other.said
        self.kind = other.kind if self.kind == "text" else self.kind
        self.leads = other.leads


def joined(slides):
    """Join slides of one section that belong together or show a single sentence."""
    found = []
    for slide in slides:
        last = found[-1] if found else None
        if last and may_join(last, slide):
            last.join(slide)
        elif slide.is_short and last and last.under == slide.under and last.kind not in ALONE:
            last.said.append(said_too(slide.shown[0]))  # no neighbour has room: it is said
            last.said += slide.said
        else:
            found.append(slide)
    if len(found) > 1 and found[0].is_short:  # the first of its section, before a full one
        first, second = found[:2]
        second.said = [said_too(first.shown[0]), *first.said, *second.said]
        second.heading, second.under = first.heading, first.under
        del found[0]
    return found


def may_join(last, slide):
    """Whether the next slide belongs on the one before it."""
    if last.kind == slide.kind == "exercise":
        return last.has_room_for(slide, 0.85)
    if last.kind in ALONE or slide.kind in ALONE or last.place or slide.place:
        return False
    if last.under != slide.under and not last.is_short:
        return False
    if "live" in (last.kind, slide.kind) or last.kind == "figure":
        return last.is_short and last.has_room_for(slide)
    if last.leads or last.is_short or (slide.is_short and not slide.leads):
        return last.has_room_for(slide)
    if {last.kind, slide.kind} <= QUIET:
        return last.has_room_for(slide, 0.9)
    return {slide.kind, last.kind} <= {"code", "formula", "table"} and last.has_room_for(slide)


def fitted(slide):
    """Return slides that have room for all that one shows: other letters, or several slides."""
    for size in slide_sizes.LETTER_SIZES:
        if slide_sizes.heights(slide.shown, size) <= slide.room:
            slide.size = size
            return [slide]
    found = []
    parts = [part for block in slide.shown for part in divided(block)]
    for block in parts:
        last = found[-1] if found else None
        if last and slide_sizes.heights([*last.shown, block]) <= slide.room:
            last.shown.append(block)
        else:
            found.append(Slide(slide.kind, slide.heading, slide.under, [block]))
    found[0].said, found[0].place, found[0].anchor = slide.said, slide.place, slide.anchor
    for more in found:
        if more.is_short:
            raise EditionError(f"{slide.heading}: a sentence stands alone on a slide")
        if more.height > more.room:
            (more,) = fitted(more) if len(more.shown) > 1 else smaller(more)
    return found


def smaller(slide):
    """Give a slide with one thing that is too high the smallest letters."""
    slide.size = slide_sizes.LETTER_SIZES[-1]
    return [slide]


def divided(block):
    """Return the parts of a block that may stand on different slides."""
    if block.tag == "blockquote":
        return [block]
    if block.tag in ("ul", "ol") and len(block) > 1:
        found = []
        for k, item in enumerate(list(block), 1):
            part = html.Element(block.tag, **dict(block.attrib))
            if block.tag == "ol":
                part.set("start", str(k))
            part.append(item)
            found.append(part)
        return found
    return [block]


def ordered(slides, where):
    """Put the slides whose tags ask for a place there."""
    asked = [slide.place for slide in slides if slide.place]
    if len(set(asked)) < len(asked) or any(place > len(slides) for place in asked):
        raise EditionError(
            f"{where}: the places {asked} of {len(slides)} slides do not go together"
        )
    found = [slide for slide in slides if not slide.place]
    for slide in sorted((s for s in slides if s.place), key=lambda s: s.place):
        found.insert(slide.place - 1, slide)
    return found
