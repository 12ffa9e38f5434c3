"""Figures that the reader moves: SVG with a little script, in a notebook and on a site alike.

Python computes the geometry; the script only looks it up. Every figure is operated by standard
buttons and sliders, so by keyboard too, and says in words what it shows. A figure is one module,
with its script beside it; all scripts stand on ``runtime.js``.
"""

from companion.interactive.basins import Basins
from companion.interactive.directions import Directions
from companion.interactive.em_bound import EMBound
from companion.interactive.em_steps import EMSteps
from companion.interactive.extendibility import Extendibility
from companion.interactive.landscape import Landscape
from companion.interactive.levels import Levels
from companion.interactive.lose_them import LoseThem
from companion.interactive.one_hill import OneHill
from companion.interactive.rate_map import RateMap
from companion.interactive.shrinkage import Shrinkage
from companion.interactive.slowness import Slowness
from companion.interactive.swing import Swing
from companion.interactive.urn_fractions import UrnFractions

__all__ = [
    "Basins",
    "Directions",
    "EMBound",
    "EMSteps",
    "Extendibility",
    "Landscape",
    "Levels",
    "LoseThem",
    "OneHill",
    "RateMap",
    "Shrinkage",
    "Slowness",
    "Swing",
    "UrnFractions",
]
