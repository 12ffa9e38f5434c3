"""What every check begins with; the build puts it in front of the checks of each question.

An answer is a stranger's object. Before anything is compared it becomes plain numbers, so that no
class of its own decides what is equal, and whatever is not numbers gets a sentence. A sentence
names a cause only if the answer is just what that cause would give; otherwise it says what was
observed.
"""

import inspect
import linecache

import numpy as np


class Raised:
    """An exception that a check has asked for."""

    def __init__(self, error):
        self.error = error


def ask(name, function, *arguments, allowed=(), kept=True):
    """Call a student's function on copies, look whether it kept them; return what it gives back."""
    missing = f"`{name}` is missing or gives nothing back."
    assert function is not None, missing
    assert callable(function), f"`{name}` is no function any more; it is a {kind(function)}."
    given = [a.copy() if isinstance(a, np.ndarray) else a for a in arguments]
    try:
        answer = function(*given)
    except allowed as error:
        answer = Raised(error)
    except Exception as error:
        place = error.__traceback__.tb_next
        line = place and linecache.getline(place.tb_frame.f_code.co_filename, place.tb_lineno)
        line = f" (at `{line.strip()}`)" if line and line.strip() else ""
        text = str(error).split("\n")[0][:200]
        sentence = f"`{name}` stops with {type(error).__name__}: {text}{line}"
        raise AssertionError(sentence) from None
    assert answer is not None, missing
    for place, (before, after) in enumerate(zip(arguments, given, strict=True)):
        if kept and isinstance(before, np.ndarray):
            what = f"`{name}` changes {argument(function, place)} in place"
            same_array = np.array_equal(before, after, equal_nan=True)
            assert same_array, f"{what}: leave what is handed over as it is, work on a copy."
    return answer


def astray(call):
    """Call, and return the axes that were meanwhile `pyplot`'s own, where nothing belongs."""
    from matplotlib import pyplot as plt

    figure = plt.figure()
    try:
        call()
    finally:
        plt.close(figure)
    return figure.axes


def argument(function, place):
    """Say which argument of a function this is, by its name if it has one."""
    try:
        return f"`{list(inspect.signature(function).parameters)[place]}`"
    except (TypeError, ValueError, IndexError):
        return f"its argument {place + 1}"


def kind(thing):
    """Say of what type something is."""
    return "tuple" if type(thing) is tuple else type(thing).__name__[:40]


def plain(answer, what, shape=()):
    """Return an answer as plain numbers: a float, or an array of floats of this shape."""
    due = "one number is due" if shape == () else f"shape {shape} is due"
    text = isinstance(answer, (str, bytes, dict, set, frozenset))
    assert not text, f"{what} is a {kind(answer)}; {due}."
    once = hasattr(answer, "__next__")
    assert not once, f"{what} is a {kind(answer)}, which gives its values only once; {due}."
    try:
        numbers = np.array(answer)
        if numbers.dtype.kind == "O":
            numbers = np.array(answer, dtype=float)
    except Exception:
        numbers = None
    sentence = f"{what} is a {kind(answer)} and not made of numbers alone; {due}."
    assert numbers is not None, sentence
    assert numbers.dtype.kind in "biufc", sentence
    assert numbers.dtype.kind != "c", f"{what} is complex; {due}, of real numbers."
    numbers = np.array(numbers, dtype=float)
    turned = " It is transposed." if numbers.shape == shape[::-1] else ""
    sentence = f"{what} has shape {numbers.shape}; {due}.{turned}"
    assert numbers.shape == shape, sentence
    return numbers if shape else float(numbers)


def several(answer, parts):
    """Return the parts of an answer that is a tuple, such as `("model", "trace")`."""
    due = f"{len(parts)} things are due, {', '.join(parts)}"
    is_row = isinstance(answer, (tuple, list)) or getattr(answer, "shape", ()) != ()
    assert is_row, f"A single {kind(answer)} is given back; {due}."
    found = list(answer)
    assert len(found) == len(parts), f"{len(found)} things are given back; {due}."
    return found


def truth(answer, what):
    """Return an answer as a plain True or False."""
    number = plain(answer, what)
    assert number in (0, 1), f"{what} is {number:g}; True or False is due."
    return number == 1


def whole_numbers(name, function, *arguments):
    """Pass if arrays of integers give what the same numbers give with a decimal point."""
    answers = []
    for type_ in (float, int):
        given = [
            a.astype(type_) if isinstance(a, np.ndarray) and a.dtype.kind == "i" else a
            for a in arguments
        ]
        answer = ask(name, function, *given)
        parts = answer if isinstance(answer, (tuple, list)) else [answer]
        answers.append(np.concatenate([np.ravel(np.array(part, float)) for part in parts]))
    decimal, integer = answers
    off = np.abs(integer - decimal).max() if integer.shape == decimal.shape else np.nan
    why = f"`{name}` gives something else for arrays of whole numbers (dtype int) than for the same"
    cut = "Does an array that takes its type from theirs cut decimals off?"
    assert same(integer, decimal), f"{why} numbers as floats, off by {off:.3g}. {cut}"


def same(found, right, close=1e-9, size=1.0):
    """Whether numbers agree, up to `close` of their size; infinite ones must be equal."""
    found, right = np.asarray(found, float), np.asarray(right, float)
    if found.shape != right.shape or np.isnan(found).any() or np.isnan(right).any():
        return False
    finite = np.isfinite(right)
    if (np.isfinite(found) != finite).any() or (found[~finite] != right[~finite]).any():
        return False
    if not finite.any():
        return True
    allowed = close * (size + np.abs(right[finite]).max())
    return bool(np.abs(found[finite] - right[finite]).max() <= allowed)


def compare(found, right, why, causes=(), close=1e-9, size=1.0):
    """Pass if an answer is right; else name the cause that gives just this, or how far off."""
    right = np.asarray(right, float)
    if same(found, right, close, size):
        return
    found = np.asarray(found, float)
    usual = [(-right, "The sign is wrong: this is minus what is due.")]
    if right.ndim == 2 and right.shape[0] == right.shape[1]:
        usual.append((right.T, "The result is transposed."))
    told = [
        cause
        for wrong, cause in [*causes, *usual]
        if same(found, np.broadcast_to(wrong, right.shape), max(close, 1e-9), size)
        and not same(wrong + 0 * right, right, 1e-7, size)
    ]
    with np.errstate(all="ignore"):
        ratio = np.unique(np.round(found / right, 9))
    if not told and ratio.size == 1 and np.isfinite(ratio[0]):
        for k in range(2, 21):
            if same(ratio[0], k, 1e-8) or same(ratio[0], 1 / k, 1e-8):
                part = k if ratio[0] > 1 else f"1/{k}"
                told.append(f"{why} It is {part} times what is due.")
    # Ones and zeros show no lack of digits: an answer may be held up at 1.
    broken = ((found != np.round(found)) | (np.abs(found) > 100)).any()
    for digits in range(1, 9):
        if not told and broken and same(found, np.round(right, digits), 1e-14, size):
            told.append(f"It is rounded to {digits} decimals: give back all digits.")
    for type_, close_ in ((np.float16, 1e-2), (np.float32, 1e-5)):
        few = found.astype(type_).astype(float)
        if not told and same(found, right, close_) and np.array_equal(few, found) and broken:
            told.append(f"The numbers have the few digits of {type_.__name__}: keep all of them.")
    assert not told, " Or: ".join(dict.fromkeys(told))
    assert not np.isnan(found).any(), f"{why} It is not a number (nan)."
    with np.errstate(all="ignore"):
        off = np.nanmax(np.abs(found - right))
    assert np.isfinite(off), f"{why} It is infinite in wrong places."
    few = "Is something added, clipped, rounded, or kept with few digits?"
    nearly = same(found, right, max(close, 1e-6), size)
    assert not nearly, f"It is nearly right, and off by {off:.3g}. {few}"
    raise AssertionError(f"{why} It is off by {off:.3g}.")


def first(found, right, close=1e-6, size=1.0):
    """Let a check of extreme numbers wait until ordinary ones come out right."""
    sentence = "This check waits until the others pass: ordinary numbers come out wrong too."
    assert same(found, right, close, size), sentence


def may_follow(draws, cdf, rarely=1e-9):
    """Whether these may be draws from a law; of right answers this share is refused, or fewer."""
    from scipy.special import smirnov

    with np.errstate(all="ignore"):
        places = np.sort(np.asarray(cdf(np.asarray(draws, float)), float))
    if np.isnan(places).any():
        return False
    n = len(places)
    steps = np.arange(n + 1) / n
    off = max((steps[1:] - places).max(), (places - steps[:-1]).max())
    # Kolmogorov's distance is so large on one side in `smirnov` of all cases.
    return bool(2 * smirnov(n, min(off, 1.0)) > rarely)


def may_happen(count, n, chance, rarely=1e-9):
    """Whether what has this chance may come `count` times in `n`; refused as in `may_follow`."""
    from scipy.stats import binom

    tails = binom.cdf(count, n, chance), binom.sf(count - 1, n, chance)
    return bool(min(tails) > rarely / 2)


def independent(places, rarely=1e-9):
    """Whether numbers that are uniform one by one may be so together, two at a time."""
    from scipy.special import ndtr, ndtri

    scores = [ndtri(np.clip(place, 1e-300, 1 - 1e-16)) for place in places]
    pairs = [(u, v) for k, u in enumerate(scores) for v in scores[:k]]
    mixed = [(u + sign * v) / np.sqrt(2) for u, v in pairs for sign in (1, -1)]
    return all(may_follow(part, ndtr, rarely) for part in mixed)
