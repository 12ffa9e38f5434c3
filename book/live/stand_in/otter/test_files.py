"""What the checks of a question import, and what runs them."""

import inspect
import random
from textwrap import indent

CHEERS = ["🍀", "🎉", "🌈", "🙌", "🚀", "🌟", "✨", "💯"]


class test_case:  # noqa: N801  (the name by which the checks know it)
    """The mark of a function that is a check."""

    def __init__(self, name=None, points=None, hidden=False):
        self.name = name

    def __call__(self, function):
        """Take the function that is decorated."""
        self.function = function
        return self

    def call(self, names):
        """Give the function what it asks for by name, `None` if missing."""
        asked = inspect.signature(self.function).parameters
        return self.function(
            **{k: names if k == "env" else names.get(k) for k in asked}
        )


class CheckFile:
    """The checks of one question, and what became of them."""

    def __init__(self, source):
        names = {}
        exec(compile(source, "<string>", "exec"), names)
        self.source = source.split("\n")
        self.name = names["name"]
        self.cases = [v for v in names.values() if isinstance(v, test_case)]
        for number, case in enumerate(self.cases, 1):
            case.name = case.name or f"{self.name} - {number}"
        self.results = []

    def run(self, names):
        """Run every check against the names that a notebook has defined."""
        self.results = []
        for case in self.cases:
            passed, message = True, "✅ Test case passed"
            try:
                case.call(names)
            except Exception as error:
                passed = False
                message = "❌ Test case failed\n" + self.told(error)
            self.results.append((case.name, passed, message))

    def told(self, error):
        """Return the line of the check that failed, and what it says."""
        # Past the frames of `run` and of `test_case.call`: as Otter has it.
        number = error.__traceback__.tb_next.tb_next.tb_lineno
        line = indent(self.source[number - 1], "  ")
        said = str(error).strip("'")
        return (
            f"Error at line {number} in test {self.name}:\n"
            f"{line}\n{type(error).__name__}: {said}"
        )

    @property
    def passed_all(self):
        """Whether nothing failed."""
        return all(passed for _, passed, _ in self.results)

    def __repr__(self):
        if self.passed_all:
            return f"{self.name} results: All test cases passed!"
        said = [
            f"{name} result:\n{indent(message.strip(), '    ')}"
            for name, _, message in self.results
        ]
        return f"{self.name} results:\n" + indent("\n\n".join(said), "    ")

    def _repr_html_(self):
        named = "<pre style='display: inline;'>{}</pre>".format
        if self.passed_all:
            cheer = random.choice(CHEERS)
            return (
                f"<p><strong>{named(self.name)}</strong> passed! {cheer}</p>"
            )
        said = [
            f"<p><strong>{named(name)} result:</strong></p>"
            f"<pre>{indent(message, '    ')}</pre>"
            for name, _, message in self.results
        ]
        head = (
            "<p><strong style='color: red;'>"
            f"{named(self.name)} results:</strong></p>"
        )
        return head + "".join(said)
