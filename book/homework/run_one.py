"""Run one notebook and its checks: what `grade.py` starts for every submission, in a sandbox.

    python run_one.py folder

The folder holds `notebook.ipynb` and `autograder.zip`; `result.json` is written into it. Nothing
that the notebook does is believed here: `grade.py` looks at the result as at a stranger's letter.
"""

import json
import os
import re
import resource
import sys
import warnings
from pathlib import Path
from typing import Any

MEGABYTE = 10**6
MEMORY = 8_000 * MEGABYTE  # address space of each process
LARGEST_FILE = 50 * MEGABYTE  # that a submission may write
TEXT = MEGABYTE  # of outputs that are kept, for each cell; a picture may be ten times as large
TOTAL = 40 * MEGABYTE  # of outputs that are kept, for the notebook
LEFT_OUT = "(more output than this is left out)"


def limit(seconds: int) -> None:
    """Limit what this process and all that it starts may use."""
    resource.setrlimit(resource.RLIMIT_CPU, (2 * seconds, 2 * seconds))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST_FILE, LARGEST_FILE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def shorten(output: dict[str, Any], room: int) -> dict[str, Any]:
    """Return an output with at most `room` characters of text, and no picture that is too large."""
    kind = output["output_type"]
    if kind == "stream":
        text = output["text"]
        return {**output, "text": text if len(text) <= room else f"{text[:room]}\n{LEFT_OUT}"}
    if kind == "error":
        return {**output, "traceback": [line[:2000] for line in output["traceback"][-30:]],
                "ename": output["ename"][:200], "evalue": output["evalue"][:2000]}  # fmt: skip
    most = {
        form: 10 * TEXT if form.startswith("image/") else TEXT for form in output.get("data", {})
    }
    data = {
        form: content
        for form, content in output.get("data", {}).items()
        if isinstance(content, str) and len(content) <= most[form]
    }
    return {"output_type": kind, "data": data}


def capped() -> type:
    """Return nbconvert's executor, but one that keeps no more output than a report can show."""
    from nbconvert.preprocessors import ExecutePreprocessor

    class Capped(ExecutePreprocessor):  # type: ignore[misc]
        kept = 0
        last: Any = None

        def preprocess(self, nb: Any, *args: Any, **kwargs: Any) -> Any:
            Capped.last = nb
            self.startup_timeout = 300  # many start at once, on a machine that is busy
            return super().preprocess(nb, *args, **kwargs)

        def output(self, outs: Any, msg: Any, display_id: str, cell_index: int) -> Any:
            so_far = sum(len(str(out.get("text", ""))) for out in outs)
            if so_far > TEXT or Capped.kept > TOTAL:
                return None
            found = super().output(outs, msg, display_id, cell_index)
            if outs:
                before = len(json.dumps(outs[-1]))
                short = shorten(outs[-1], TEXT)
                outs[-1].clear()
                outs[-1].update(short)
                Capped.kept += min(before, len(json.dumps(outs[-1])))
            return found

    return Capped


def sentence(message: str) -> str:
    """Return what a failed check says, without the program's line numbers."""
    said = re.findall(r"^ *(\w+(?:Error|Exception)?): (.*)$", message, re.MULTILINE)
    failed = [
        text if kind == "AssertionError" else f"{kind}: {text}"
        for kind, text in said
        if kind.endswith(("Error", "Exception"))
    ]
    return (failed[0] if failed else message.strip().split("\n")[-1])[:500]


def main(folder: Path) -> dict[str, Any]:
    """Grade the notebook in the folder; what comes out is written and returned."""
    import nbconvert.preprocessors

    executor = nbconvert.preprocessors.ExecutePreprocessor = capped()
    from otter.run import main as otter_run

    warnings.simplefilter("ignore")  # Otter's own are nothing that a student could mend
    try:
        found = otter_run(
            str(folder / "notebook.ipynb"), autograder=str(folder / "autograder.zip"),
            output_dir=None, no_logo=True,
        )  # fmt: skip
        checks = {
            str(name): [
                [bool(case.passed), "" if case.passed else sentence(case.message or "")]
                for case in test.test_case_results
            ]
            for name, test in found.results.items()
        }
        result: dict[str, Any] = {"checks": checks, "stopped": ""}
    except Exception as error:
        result = {"checks": {}, "stopped": f"{error!r:.300}"}
    cells = executor.last.cells if executor.last else []
    result["outputs"] = {c.id: c.outputs for c in cells if c.cell_type == "code" and c.outputs}
    return result


if __name__ == "__main__":
    place = Path(sys.argv[1])
    limit(int(sys.argv[2]))
    os.chdir(place / "home")
    sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115 (until the end)
    text = json.dumps(main(place))
    (place / "result.json").write_text(text, encoding="utf-8")
