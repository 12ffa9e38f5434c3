"""Run the cells of a page, and tell what they show; runs in Pyodide.

What a cell prints, its last value and its figures are told in their order to
`emit`, a function of the script around (`worker.js`). A figure is drawn with
two pixels for each of the page, as in the book.
"""

import ast
import base64
import io
import linecache
import sys
import time
import traceback
import types
from inspect import CO_COROUTINE

SCALE = 2
# Text is sent on at the end of a cell, or when it has waited so long.
PATIENCE = 0.2


class Stream(io.TextIOBase):
    """Where a cell prints: text is gathered, and sent on in pieces."""

    def __init__(self, name, emit):
        self.name, self.emit, self.parts = name, emit, []
        self.sent = time.monotonic()

    def writable(self):
        """Say that it can be written to."""
        return True

    def write(self, text):
        """Keep a text, and send on what has waited long enough."""
        self.parts.append(text)
        if time.monotonic() - self.sent > PATIENCE:
            self.flush()
        return len(text)

    def flush(self):
        """Send on what is there."""
        text, self.parts = "".join(self.parts), []
        self.sent = time.monotonic()
        if text:
            self.emit("stream", self.name, text)


class Kernel:
    """A Python that runs cells one after the other."""

    def __init__(self, emit):
        self.emit = emit
        self.out = sys.stdout = Stream("stdout", emit)
        self.err = sys.stderr = Stream("stderr", emit)
        # What a cell defines belongs to a module that others can look up.
        module = sys.modules["__main__"] = types.ModuleType("__main__")
        self.names = vars(module)
        self.names["display"] = self.display
        self.number = 0

    async def run(self, source):
        """Run a cell, and return whether it ran to its end."""
        self.number += 1
        name = f"<cell {self.number}>"
        lines = source.splitlines(keepends=True)
        linecache.cache[name] = (len(source), None, lines, name)
        try:
            value = await self.evaluate(source, name)
            if value is not None:
                self.display(value)
                self.names["_"] = value
            self.draw()
        except (Exception, KeyboardInterrupt, SystemExit) as error:
            self.flush()
            self.emit("error", "", self.told(error, name))
            close_figures()
            return False
        finally:
            self.flush()
        return True

    async def evaluate(self, source, name):
        """Run all statements; return the last if it is a value to show."""
        tree = ast.parse(source, name)
        last = None
        shows = not source.rstrip().endswith(";")
        if shows and tree.body and isinstance(tree.body[-1], ast.Expr):
            last = ast.Expression(tree.body.pop().value)
        await self.execute(compile_cell(tree, name, "exec"))
        if last:
            return await self.execute(compile_cell(last, name, "eval"))
        return None

    async def execute(self, code):
        """Run compiled code, which may wait for something."""
        value = eval(code, self.names)
        return await value if code.co_flags & CO_COROUTINE else value

    def display(self, *values):
        """Show values: as the richest form that they have, or as text."""
        for value in values:
            self.flush()
            if is_figure(value):
                self.emit("image", "", picture(value))
                continue
            for kind, method in (
                ("html", "_repr_html_"),
                ("svg", "_repr_svg_"),
            ):
                form = getattr(value, method, None)
                text = None if isinstance(value, type) or not form else form()
                if text is not None:
                    self.emit("html", kind, text)
                    break
            else:
                self.emit("text", "", repr(value))

    def draw(self):
        """Show all figures that a cell has left open, and close them."""
        if plt := sys.modules.get("matplotlib.pyplot"):
            for number in plt.get_fignums():
                self.display(plt.figure(number))
            plt.close("all")

    def flush(self):
        """Send on what was printed."""
        self.out.flush()
        self.err.flush()

    def told(self, error, name):
        """Return what went wrong, from the line of the cell on."""
        if isinstance(error, SyntaxError) and error.filename == name:
            return "".join(traceback.format_exception_only(error))
        here = error.__traceback__
        while here and here.tb_frame.f_code.co_filename != name:
            here = here.tb_next
        return "".join(traceback.format_exception(type(error), error, here))


def compile_cell(tree, name, mode):
    """Compile a cell, in which `await` may stand outside of functions."""
    return compile(tree, name, mode, ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


def is_figure(value):
    """Whether a value is a figure of Matplotlib."""
    figure = sys.modules.get("matplotlib.figure")
    return bool(figure) and isinstance(value, figure.Figure)


def picture(figure):
    """Return a figure as an address that holds its pixels."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=SCALE * 96, bbox_inches="tight")
    data = base64.b64encode(file.getvalue()).decode()
    return f"data:image/png;base64,{data}"


def close_figures():
    """Close what a cell that failed has left open."""
    if plt := sys.modules.get("matplotlib.pyplot"):
        plt.close("all")
