"""Otter's checks where Otter cannot be installed: in a browser.

`grader = otter.Notebook("hw1….ipynb")` and `grader.check("q1…")` do what they
do at home, and say it in the same words. The checks of the five sets lie in
this package, so they are found also where a notebook cannot read its own file.
Nothing else of Otter is here: no export, no grading.
"""

import json
import sys
from importlib.resources import files
from pathlib import PurePath

from .test_files import CheckFile

__all__ = ["Notebook"]


class Notebook:
    """The checks of one notebook, by the name of its file."""

    def __init__(self, nb_path):
        name = PurePath(nb_path).stem
        place = files(__package__) / "checks" / f"{name}.json"
        if not place.is_file():
            raise FileNotFoundError(f"there are no checks for {name!r}")
        self.checks = json.loads(place.read_text(encoding="utf-8"))

    def check(self, question, global_env=None):
        """Run the checks of a question, and return what they found."""
        if question not in self.checks:
            raise FileNotFoundError(f"Test {question} does not exist")
        if global_env is None:
            global_env = sys._getframe(1).f_globals
        found = CheckFile(self.checks[question])
        found.run(global_env)
        return found
