"""How chapters draw their figures while the book is built, for `execute.py`.

Each figure is drawn twice: as SVG, and as PNG with two pixels for each pixel
of a page, where 96 make an inch. `_extensions/pictures.py` keeps the smaller
one. The SVG has its text as text, and the same figure gives the same bytes.
"""

c = get_config()  # noqa: F821

c.InlineBackend.figure_formats = {"png", "svg"}
c.InlineBackend.print_figure_kwargs = {
    "bbox_inches": "tight",
    "dpi": 2 * 96,
    "metadata": {"Date": None},
}
c.InlineBackend.rc = {"svg.fonttype": "none", "svg.hashsalt": "figure"}
