"""Style sheets made small: many become one, without rules that no page needs.

The theme brings all of Bootstrap and 2,000 icons. A rule is kept if every
class and every id of its selector is a word of a page or of a script, wherever
it stands there; so a class that a script gives out counts as well. What is
inside `:not()`, `:is()` and their like is never a reason to cut.
"""

import re
from base64 import b64encode
from io import BytesIO
from urllib.parse import urlsplit

import tinycss2
from fontTools import subset
from fontTools.ttLib import TTFont

GROUPS = {"media", "supports", "layer", "container"}  # rules that hold rules
WORD = re.compile(r"[\w-]+")


def words(*texts):
    """Return the words of texts: what could be the name of a class or id."""
    return set().union(*(WORD.findall(text) for text in texts))


def beginnings(*scripts):
    """Return beginnings of names that scripts complete: `bs-tooltip-`."""
    return tuple(sorted(word for word in words(*scripts) if re.match(r"\w{2,}.*\w-$", word)))


def joined(path, root):
    """Return a sheet as it can stand in `root`: imports in, links moved.

    Parameters
    ----------
    path : Path
        The style sheet.
    root : Path
        The folder, here or above, in which the joined sheet will be.
    """
    text = path.read_text(encoding="utf-8")
    parts = []
    for rule in tinycss2.parse_stylesheet(text, skip_comments=True, skip_whitespace=True):
        if rule.type == "error":
            raise ValueError(f"{path}: {rule.message}")
        if rule.type == "at-rule" and rule.lower_at_keyword == "charset":
            continue
        if rule.type == "at-rule" and rule.lower_at_keyword == "import":
            target = [token for token in rule.prelude if token.type in ("string", "url")]
            parts.append(joined(path.parent / target[0].value, root))
            continue
        for part in (rule.prelude, rule.content or []):
            move_links(part, path.parent, root)
        parts.append(rule.serialize())
    return "\n".join(parts)


def move_links(tokens, here, root):
    """Let the links of a sheet in `here` lead on when it is in `root`."""
    for token in tokens:
        if token.type == "url" and not urlsplit(token.value).scheme:
            parts = urlsplit(token.value)
            moved = (here / parts.path).resolve().relative_to(root.resolve()).as_posix()
            token.value = moved
            token.representation = f'url("{moved}")'
        for inner in (
            getattr(token, "content", None),
            getattr(token, "arguments", None),
        ):
            if isinstance(inner, list):
                if getattr(token, "lower_name", "") == "url":  # url("quoted")
                    for string in inner:
                        if string.type == "string" and not urlsplit(string.value).scheme:
                            file = (here / string.value).resolve()
                            string.value = file.relative_to(root.resolve()).as_posix()
                            string.representation = f'"{string.value}"'
                else:
                    move_links(inner, here, root)


def names(selector):
    """Return the classes and ids without which a selector chooses nothing."""
    found, dot = set(), False
    for token in selector:
        if token.type == "hash" or (token.type == "ident" and dot):
            found.add(token.value)
        dot = token.type == "literal" and token.value == "."
    return found


def split(tokens):
    """Yield what stands between the commas."""
    part = []
    for token in tokens:
        if token.type == "literal" and token.value == ",":
            yield part
            part = []
        else:
            part.append(token)
    yield part


def cut(text, known, begun=()):
    """Return a sheet without the rules that choose nothing.

    Parameters
    ----------
    text : str
        The style sheet.
    known : set of str
        The words of all pages and scripts.
    begun : tuple of str
        Beginnings of names that scripts put together: what begins so is kept.
    """
    return _cut(
        tinycss2.parse_stylesheet(text, skip_comments=True, skip_whitespace=True),
        known,
        begun,
    )


def _cut(rules, known, begun):
    kept = []
    for rule in rules:
        if rule.type == "qualified-rule":
            used = [
                part
                for part in split(rule.prelude)
                if all(n in known or (begun and n.startswith(begun)) for n in names(part))
            ]
            if used and small(rule.content):
                kept.append(f"{','.join(map(small, used))}{{{small(rule.content)}}}")
        elif rule.type == "at-rule" and rule.content is None:
            kept.append(rule.serialize())
        elif rule.type == "at-rule" and rule.lower_at_keyword in GROUPS:
            inner = tinycss2.parse_rule_list(rule.content, skip_comments=True, skip_whitespace=True)
            if inside := _cut(inner, known, begun):
                kept.append(f"@{rule.at_keyword} {small(rule.prelude)}{{{inside}}}")
        elif rule.type == "at-rule":
            head = f"@{rule.at_keyword} {small(rule.prelude)}".strip()
            kept.append(f"{head}{{{small(rule.content)}}}")
        elif rule.type == "error":
            raise ValueError(rule.message)
    return "\n".join(kept)


def small(tokens):
    """Return tokens as text without comments and needless spaces."""
    text = "".join(
        " " if token.type in ("whitespace", "comment") else token.serialize() for token in tokens
    )
    return re.sub(r" {2,}", " ", text).strip().removesuffix(";")


def with_icons(text, static):
    """Return a sheet that carries its own icons, and no font of all icons.

    Parameters
    ----------
    text : str
        A sheet that was cut: only icons that are used are left.
    static : Path
        The folder that the links of the sheet start from.
    """
    icons = {ord(letter) for letter in text if is_icon(letter)}

    def smaller(match):
        link = re.search(r'url\("?([^")]*\.woff2)"?\)', match[0])[1]
        data = subset_font(static / link, icons)
        if data is None:
            return ""
        source = f'src:url("{inline(data)}") format("woff2")'
        return re.sub(r"src:[^;}]*", lambda _: source, match[0])

    return re.sub(r"@font-face\{[^}]*fontawesome[^}]*\}", smaller, text)


def is_icon(letter):
    """Whether a letter is one of those that fonts may use as they like."""
    return 0xE000 <= ord(letter) <= 0xF8FF


def inline(data):
    """Return a font as an address that holds it."""
    return f"data:font/woff2;base64,{b64encode(data).decode()}"


def subset_font(path, codes):
    """Return a font with these letters only as woff2, or nothing if none.

    Parameters
    ----------
    path : Path
        The font.
    codes : set of int
        The code points.
    """
    font = TTFont(path, recalcTimestamp=False)
    present = codes & set(font.getBestCmap())
    if not present:
        return None
    options = subset.Options(layout_features=["kern"], notdef_outline=True)
    options.drop_tables += ["FFTM"]  # when the font was made
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=present)
    subsetter.subset(font)
    font.flavor = "woff2"
    buffer = BytesIO()
    font.save(buffer)
    return buffer.getvalue()


def swapped(text):
    """Let text be seen in another font while its own is under way."""
    return re.sub(
        r"@font-face\{(?![^}]*font-display)([^}]*)\}",
        r"@font-face{\1;font-display:swap}",
        text,
    )
