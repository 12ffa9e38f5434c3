"""The homework: it builds, nothing leaks, right answers pass and wrong ones are told why."""

import ast
import builtins
import copy
import json
import re
import tomllib
import zipfile

import build
import checking
import masters
import nbformat
import pytest
from conftest import ROOT
from homework_mutants import mutants
from homework_right_answers import RIGHT
from homework_wrong_answers import WRONG
from homework_wrong_kinds import KINDS
from homework_wrong_subtle import SUBTLE
from homework_wrong_unseen import UNSEEN

BUILT = ROOT / "_build" / "homework"
MASTERS = {path.stem: build.read_master(path) for path in build.MASTERS}
CHECKED = [
    (homework, q["name"])
    for homework, master in MASTERS.items()
    for q in build.questions(master)
    if not q["manual"]
]


@pytest.fixture(scope="session")
def editions(tmp_path_factory):
    out = tmp_path_factory.mktemp("homework") / "built"
    build.build(out)
    return out


@pytest.fixture(scope="session")
def notebook(editions):
    def notebook(edition, homework):
        name = f"{homework}_solutions" if edition == "autograder" else homework
        return nbformat.read(editions / edition / f"{name}.ipynb", as_version=4)

    return notebook


@pytest.fixture(scope="session")
def solved(notebook):
    """The names that each solution defines, computed once."""
    known = {}

    def solved(homework):
        if homework not in known:
            known[homework] = build.run(notebook("autograder", homework))
        return dict(known[homework])

    return solved


def answer_cells(notebook, homework):
    """Return the position of each question's answer, in the solution or a student's notebook."""
    found = {}
    last = None
    for place, cell in enumerate(notebook.cells):
        if cell.cell_type == "code" and cell.source.lstrip().startswith("def "):
            last = place
        check = re.search(r'grader\.check\("(\w+)"\)', cell.source)
        if check:
            found[check.group(1)] = last
    assert set(found) == {q for h, q in CHECKED if h == homework}
    return found


def result(names, notebook, question):
    source = build.checks(notebook)[question]
    (found,) = build.grade(names, {question: source})
    return found


# ------------------------------------------------------------------------- what it is


def test_there_are_five_sets_with_the_parts_that_each_must_have():
    assert list(MASTERS) == [
        "hw1_mixtures_and_em",
        "hw2_missing_data_and_elbo",
        "hw3_exchangeability",
        "hw4_hierarchical_models",
        "hw5_sampling_and_variational",
    ]
    for name, master in MASTERS.items():
        kinds = [q["manual"] for q in build.questions(master)]
        assert 4 <= kinds.count(False) <= 6, name
        assert kinds.count(True) == 2, name
        text = "\n".join(cell.source for cell in master.cells)
        assert text.count("**Rubric, 6 points.**") == 2
        assert text.count("# HIDDEN") >= kinds.count(False)
        for rubric in text.split("**Rubric, 6 points.**")[1:]:
            points = re.findall(r"\((\d) points?\)", rubric.split("# END SOLUTION")[0])
            assert sum(map(int, points)) == 6, rubric[:300]


def test_answers_do_not_call_each_other():
    """A mistake in one question must not cost points in the next."""
    for name, master in MASTERS.items():
        cells = [c.source for c in master.cells if "# BEGIN SOLUTION\n" in c.source]
        trees = [ast.parse(c) for c in cells if c.startswith("def ")]
        defined = {f.name for tree in trees for f in tree.body}
        for tree in trees:
            own = {f.name for f in tree.body}
            used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
            assert not used & (defined - own), name


# ------------------------------------------------------------------------- right answers


@pytest.mark.parametrize("homework", MASTERS)
def test_the_solution_passes_every_check_for_other_students_too(notebook, homework):
    """The data depend on the student's id: the solution must hold for any."""
    solution = notebook("autograder", homework)
    for student in ("ada", "boole", "čech"):
        other = copy.deepcopy(solution)
        (cell,) = (c for c in other.cells if c.source.startswith('student = ""'))
        cell.source = f"student = {student!r}"
        names = build.run(other)
        for found in build.grade(names, build.checks(other)):
            assert found.passed_all, found.summary()


def test_two_students_have_different_data(notebook):
    data_of = ["lengths", "pressure", "shots", "hits", "calls"]
    for homework, data in zip(MASTERS, data_of, strict=True):
        seen = []
        for student in ("ada", "boole"):
            other = notebook("course", homework)
            cells = [c for c in other.cells if c.cell_type == "code"]
            (at,) = (k for k, c in enumerate(cells) if c.source.startswith('student = ""'))
            cells[at].source = f"student = {student!r}"
            seen.append(build.run(other, ignore_errors=True)[data])
        assert seen[0].shape == seen[1].shape
        assert not (seen[0] == seen[1]).all()


@pytest.mark.parametrize("homework", MASTERS)
def test_the_blank_notebook_runs_and_scores_nothing(notebook, homework):
    for edition in ("course", "study"):
        blank = notebook(edition, homework)
        names = build.run(blank, ignore_errors=True)
        for found in build.grade(names, build.checks(blank)):
            assert found.score == 0
            for case in found.test_case_results:
                assert not case.passed
                assert re.search("is missing or gives nothing back|is drawn yet", case.message)
                assert len(case.message) < 600, "a traceback from the depths"


@pytest.mark.parametrize(("homework", "question"), CHECKED)
def test_a_missing_answer_costs_its_own_question_only(notebook, homework, question):
    handed_in = notebook("autograder", homework)
    handed_in.cells[answer_cells(handed_in, homework)[question]].source = "pass"
    names = build.run(handed_in, ignore_errors=True)
    for found in build.grade(names, build.checks(handed_in)):
        assert found.passed_all == (found.name != question), found.summary()
        if found.name == question:
            assert "is missing" in found.summary()


@pytest.mark.parametrize(("homework", "question"), CHECKED)
def test_right_answers_in_other_words_pass(notebook, solved, homework, question):
    study = notebook("study", homework)
    for code in RIGHT[homework][question]:
        names = solved(homework)
        exec(compile(code, "<right>", "exec"), names)
        for _ in range(3):
            assert not said_of(names, study, question), code


# ------------------------------------------------------------------------- what is drawn


def test_draws_of_the_right_law_are_refused_as_rarely_as_is_said():
    """And draws of another law, or draws that hang together, are refused."""
    import numpy as np

    rng = np.random.default_rng(1)

    def uniform(u):
        return u

    follow = [checking.may_follow(rng.random(60), uniform, 0.05) for _ in range(2000)]
    happen = [checking.may_happen(rng.binomial(400, 0.3), 400, 0.3, 0.05) for _ in range(2000)]
    error = np.sqrt(0.05 * 0.95 / 2000)
    for refused in (1 - np.mean(follow), 1 - np.mean(happen)):
        assert 0.03 < refused < 0.05 + 4 * error
    u, v = rng.random((2, 3000))
    assert checking.may_follow(u, uniform)
    assert not checking.may_follow(u**1.3, uniform)
    assert not checking.may_follow(u, lambda u: u + np.nan)
    assert checking.may_happen(900, 3000, 0.3)
    assert not checking.may_happen(700, 3000, 0.3)
    assert not checking.may_happen(1100, 3000, 0.3)
    assert checking.independent([u, v])
    assert not checking.independent([u, 1 - u])
    assert not checking.independent([u, (u + v) / 2])


def test_a_right_answer_is_refused_less_than_once_in_a_million_runs(notebook, solved, monkeypatch):
    """The union of all that could be refused by bad luck, each once in a thousand million times."""
    name = "hw5_sampling_and_variational"
    looked = []
    monkeypatch.setattr(builtins, "looked", looked, raising=False)
    for source in build.checks(notebook("autograder", name)).values():
        counted = source
        for line in ("return bool(2 * smirnov", "return bool(min(tails)"):
            assert counted.count(line) == 1
            counted = counted.replace(line, f"looked.append(rarely); {line}")
        (found,) = build.grade(solved(name), {"": counted})
        assert found.passed_all
    assert set(looked) == {1e-9}
    assert 100 < len(looked) < 1000


# ------------------------------------------------------------------------- wrong answers


def test_every_question_has_wrong_answers():
    assert {(h, q) for h in WRONG for q in WRONG[h]} == set(CHECKED)
    assert min(len(WRONG[h][q]) for h, q in CHECKED) >= 4


# What is said of many mistakes, because it says what was observed and names no cause.
OBSERVED = re.compile(
    r"""This.check.waits|It.is.off.by|It.is.infinite|times.what.is.due|touches.the.log-likelihood
    |posterior.mean.lies.between|further.hit.adds|One.row.sums.to|negative.entries|found.0\.
    |same.chance,.1/9|sequences.of.4.draws.sum|another.order.must|of.two.halves|sums.are.wrong
    |Without.gaps|In.other.units|With.known.labels|stopped.too.early|fell.by|no.RuntimeError
    |A.difference.of|equal.variables.are|it.must.arrive|means.are.wrong|set.of.12.points
    |equally.likely|lines;.\d.are.drawn|live.between.0.and.1|stops.with|counts.are.returned
    |have.another.law|begins.with.a.draw|must.notice.it|bound.falls|should.be.of.kind|not.drawn
    |surely.of.kinds    |another.order.and.read
    |all.60.draws.are|not.noticed|no.Beta.fits|found,.of.shapes|as.other.numbers
    |shares.are.others|counted:.there.too|have.another.log-likelihood|has.another.variance
    |with.another.shape|a.low.line.belongs|2000.taken.off|hundred.thousand.times.larger
    |no.white.one.has|For.draws.of.type|two.coins.alike|ones.in.\d+.draws.it|stands.more.often
    |800.ones.come.first|give.all.kinds|surely.of.one.kind|only.\d+.are.different
    |not.for.1\.5,.2\.5|for.the.Poisson.law.where|2400.draws|counts.as.one.with|new.a.is.wrong
    |value.that.is.0.is|coin.of.weight.0|array.of.one.player|has.no.part.in|With.a.=.0\.001
    |the.sum.of.squares.is.another""",
    re.VERBOSE,
)


# What tells no more than that it is wrong.
VAGUE = re.compile(
    r"""This.check.waits|wrong\..It.is.off.by|comes.out.wrong|sums.are.wrong|touches.the.log
    |posterior.mean.lies|further.hit.adds|sequences.of.4|another.order.must|of.two.halves
    |it.must.arrive|EM.cannot|equally.likely|With.known.labels|have.another.law|begins.with.a.draw
    |should.be.of.kind|must.notice.it|bound.falls|another.order.and.read""",
    re.VERBOSE,
)


def said_of(names, study, question):
    """Return the sentences of the checks that failed, and whether each is one of ours."""
    found = result(names, study, question)
    failed = [case for case in found.test_case_results if not case.passed]
    assert not any(case.test_case.hidden for case in failed)
    assert bool(failed) == (found.score == 0)
    return [case.message.rpartition("AssertionError: ")[1:] for case in failed]


def mistakes(homework, question):
    """Every wrong answer to a question that has a word of its own, whoever wrote it."""
    found = {**WRONG[homework][question], **KINDS[homework][question]}
    for others in (UNSEEN, SUBTLE):
        found |= others.get(homework, {}).get(question, {})
    return found


@pytest.mark.parametrize(
    ("homework", "question", "mistake"),
    [(h, q, mistake) for h, q in CHECKED for mistake in mistakes(h, q)],
)
def test_a_wrong_answer_is_caught_and_told_why(notebook, solved, homework, question, mistake):
    """By a public check of the study edition; and no sentence names another mistake."""
    word, code = mistakes(homework, question)[mistake]
    study = notebook("study", homework)
    names = solved(homework)
    exec(compile(code, f"<{mistake}>", "exec"), names)
    said = said_of(names, study, question)
    assert said, "the wrong answer passes"
    assert all(ours for ours, _ in said), said
    named = [sentence for _, sentence in said if re.search(word, sentence, re.IGNORECASE)]
    assert named, said
    others = [sentence for _, sentence in said if sentence not in named]
    assert all(OBSERVED.search(sentence) for sentence in others), others


LINES = tomllib.loads((ROOT / "tests" / "homework_wrong_lines.toml").read_text(encoding="utf-8"))
# Of these nobody can tell the cause from the numbers.
UNNAMED = {"random imputation", "quad grid", "counts drawn", "gumbel subtracted", "normal noise"}


@pytest.mark.parametrize(("homework", "question"), CHECKED)
def test_wrong_answers_in_a_line_are_caught_and_named(notebook, solved, homework, question):
    study = notebook("study", homework)
    unnamed = set()
    for mistake, code in LINES[homework].get(question, {}).items():
        names = solved(homework)
        exec(compile(code, f"<{mistake}>", "exec"), names)
        said = said_of(names, study, question)
        assert said, f"{mistake} passes"
        assert all(ours for ours, _ in said), (mistake, said)
        if all(VAGUE.search(sentence) for _, sentence in said):
            unnamed.add(mistake)
    assert unnamed <= UNNAMED


# Changes that change nothing: text, a name of the axis from its other end, what is the same in both
# orders, a difference that has probability zero, and what the question leaves open.
NO_CHANGE = re.compile(
    r"""without.`['"]|1.->.-1|xlogy\(q,.q\):.exchanged|betaln\(.*\):.exchanged|asarray\(.*dropped
    |asarray|allclose\(.*exchanged|zeros.->.ones|rng.random\(\).<.*LtE|gain.<.*LtE
    |excess.>.0:.GtE|-gain:.sign|k.\+.1|1.->.[02]$|ax.plot.*keywords.dropped|0.->.-1
    |rng.random\(\(.*GtE|tuple\(found\)""",
    re.VERBOSE,
)
PICTURES = ("q5_picture", "q4_picture")


@pytest.mark.parametrize(("homework", "question"), CHECKED)
def test_a_solution_that_is_changed_in_one_place_is_caught(notebook, solved, homework, question):
    study, right = notebook("study", homework), masters.solutions(MASTERS[homework])[question]
    right = right.strip().split("\nfigure")[0].split("\np = permutation")[0]
    tried = 0
    survived = []
    for what, code in mutants(right):
        names = solved(homework)
        try:
            exec(compile(code, f"<{what}>", "exec"), names)
        except (NameError, TypeError):  # no answer at all
            continue
        tried += 1
        said = said_of(names, study, question)
        assert all(ours for ours, _ in said), (what, said)
        if not said and not NO_CHANGE.search(what):
            survived.append(what)
    assert tried >= 10
    assert not survived


# ------------------------------------------------------------------------- strange answers

HOSTILE = """
import numpy as np

def yes(self, *_): return True

def me(self, *_): return self

NAMES = ["lt", "le", "gt", "ge", "eq"]
COMPARE = {f"__{n}__": yes for n in NAMES} | {"__ne__": lambda s, o: False}
COMPARE |= {f"__{n}__": me for n in ["sub", "rsub", "abs", "neg"]} | {"__hash__": lambda s: 0}
Float = type("Float", (float,), COMPARE)
Int = type("Int", (int,), COMPARE)
Str = type("Str", (str,), COMPARE)
Dict = type("Dict", (dict,), COMPARE | {"__float__": lambda s: 0.0})
Array = type("Array", (np.ndarray,), COMPARE | {"all": yes, "any": yes, "max": me, "sum": me})
STRANGE = [
    Float(0.5), Int(1), Str("0.5"), Dict(a=1), np.full(3, 0.5).view(Array), (v for v in [1.0, 2.0]),
    (Float(1), Float(1)), (np.ones((2, 2)).view(Array), [Float(1), Float(2)]), [Int(1)] * 3,
    "text", b"text", {}, set(), object(), 1 + 2j, [[1], [2, 3]], np.array("a"), len, int, True,
    np.array([None, 1]), [float("nan")] * 2, float("inf"), ((), ()), lambda: 0, [[]], ...,
]
"""


@pytest.mark.parametrize(("homework", "question"), CHECKED)
def test_an_answer_of_a_strange_type_earns_nothing_and_gets_a_sentence(
    notebook, solved, homework, question
):
    study = notebook("study", homework)
    tools = {}
    exec(HOSTILE, tools)
    right = masters.solutions(MASTERS[homework])[question]
    name = re.search(r"^def (\w+)", right, re.MULTILINE).group(1)
    for strange in tools["STRANGE"]:
        if question in PICTURES:
            continue
        names = solved(homework) | {name: lambda *_, s=strange: s}
        said = said_of(names, study, question)
        assert said, f"{type(strange)} passes"
        assert all(ours and len(text) < 700 for ours, text in said), (type(strange), said)
    for strange in tools["STRANGE"]:
        said = said_of(solved(homework) | {name: strange}, study, question)
        assert said, f"{type(strange)} in place of the function passes"
        assert all(ours for ours, text in said), (type(strange), said)


@pytest.mark.parametrize(("homework", "question"), CHECKED)
def test_a_right_answer_in_another_container_passes(notebook, solved, homework, question):
    """Lists for arrays and NumPy's numbers for Python's are as right; a hostile class is not."""
    import numpy as np

    if question in PICTURES or question == "q4_fit":
        return
    study = notebook("study", homework)
    tools = {}
    exec(HOSTILE, tools)
    right = masters.solutions(MASTERS[homework])[question]
    name = re.search(r"^def (\w+)", right, re.MULTILINE).group(1)
    own = solved(homework)[name]

    def as_list(*arguments):
        answer = own(*arguments)
        if isinstance(answer, tuple):
            return [np.asarray(part).tolist() for part in answer]
        return np.asarray(answer).tolist()

    assert not said_of(solved(homework) | {name: as_list}, study, question)

    def wrong_but_always_equal(*arguments):
        answer = own(*arguments)
        if isinstance(answer, tuple):
            return tuple((np.asarray(part, float) + 1).view(tools["Array"]) for part in answer)
        answer = np.asarray(answer, float) + 1
        return tools["Float"](answer) if answer.shape == () else answer.view(tools["Array"])

    assert said_of(solved(homework) | {name: wrong_but_always_equal}, study, question)


def test_what_a_student_reads_when_the_answer_stops(notebook, solved):
    study = notebook("study", "hw1_mixtures_and_em")
    names = solved("hw1_mixtures_and_em")
    exec("def responsibilities(x, weights, means):\n    return 1", names)
    ((ours, text), *_) = said_of(names, study, "q1_responsibilities")
    assert ours
    assert text.startswith("`responsibilities` stops with TypeError: responsibilities() takes 3")


# ------------------------------------------------------------------------- nothing leaks


@pytest.mark.parametrize("homework", MASTERS)
def test_students_get_no_answers(notebook, homework):
    master = MASTERS[homework]
    lines = build.solution_lines(master)
    hidden = build.hidden_checks(master)
    assert len(lines) > 20
    assert len(hidden) >= 4
    for edition in ("course", "study"):
        student = notebook(edition, homework)
        sources = [cell.source for cell in student.cells] + [*build.checks(student).values()]
        assert not lines & {line.strip() for source in sources for line in source.split("\n")}
        build.check_for_leaks(student, master, hide=edition == "course")
    with pytest.raises(build.MasterError, match="hidden check"):
        build.check_for_leaks(notebook("study", homework), master, hide=True)
    with pytest.raises(build.MasterError, match="line of a solution"):
        build.check_for_leaks(notebook("autograder", homework), master, hide=False)


def test_the_course_edition_keeps_hidden_checks_and_the_autograder_has_them(editions, notebook):
    for homework, master in MASTERS.items():
        public = "\n".join(build.checks(notebook("course", homework)).values())
        with zipfile.ZipFile(editions / "autograder" / f"{homework}.zip") as archive:
            names = [name for name in archive.namelist() if name.startswith("tests/")]
            graded = "\n".join(archive.read(name).decode() for name in names)
        for check in build.hidden_checks(master):
            head = check.split("(")[0]
            assert head not in public
            assert head in graded


def spoil(master, old, new):
    """Return a master in which the first cell that holds `old` says `new` instead."""
    spoiled = copy.deepcopy(master)
    cell = next(c for c in spoiled.cells if old in c.source)
    cell.source = cell.source.replace(old, new, 1)
    return spoiled


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("# BEGIN SOLUTION\n    dens", "# BEGIN SOLUTON\n    dens", "misspelt marker"),
        ("# BEGIN SOLUTION\n    dens", "# begin solution\n    dens", "misspelt marker"),
        ("    # END SOLUTION", "    # END", "misspelt marker"),
        ("    # BEGIN SOLUTION\n    dens", "    dens", "do not pair"),
        ("# END TESTS", "# END TEST", "unknown marker"),
        ("# END QUESTION", "# END QUESTIONS", "unknown marker"),
        ("# HIDDEN", "# HIDEN", "hidden check"),
        ("# HIDDEN", "x = 1", "exactly one function"),
        ("# END TESTS", "# END SOLUTION", "was not begun"),
    ],
)
def test_a_spoiled_master_is_refused(tmp_path, old, new, message):
    path = tmp_path / "hw1_mixtures_and_em.ipynb"
    nbformat.write(spoil(MASTERS["hw1_mixtures_and_em"], old, new), path)
    with pytest.raises(build.MasterError, match=message):
        build.read_master(path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("points: 4\n", "", "the question q1_responsibilities has no points"),
        ("points: 4", "points: 0", "points are positive numbers, not 0"),
        ("points: 4", "points: many", "points are positive numbers, not 'many'"),
        ("points: 4", "points: true", "points are positive numbers, not True"),
        ("points: 4", "points: [1, 3]", "2 points for 4 checks"),
        ("points: 4", "points: [1, -1, 4, 1]", "points are positive"),
        ("points: 4", "points: {all: 4}", "points are positive"),
        ("name: q1_responsibilities", "nme: q1", "has no name"),
        ("name: q1_responsibilities", "name: q2_log_likelihood", "a second question is named"),
        ("name: q1_responsibilities", "name: q1/../x", "is no name"),
        ("all_or_nothing: true", "all_or_nothin: true", "mean nothing"),
        ("all_or_nothing: true", "manual: true", "has checks, but is marked by hand"),
        ("manual: true", "manual: false", "no checks and is not"),
        ("points: 4", "points: [4", "while parsing"),
        ("test_bayes_rule(", "test_rows_are_probabilities(", "two checks have one name"),
        ("# BEGIN TESTS", "# BEGIN QUESTION\nname: q0\npoints: 1", "ends what was not begun"),
    ],
)
def test_a_question_that_could_not_be_graded_is_refused(tmp_path, old, new, message):
    path = tmp_path / "hw1_mixtures_and_em.ipynb"
    nbformat.write(spoil(MASTERS["hw1_mixtures_and_em"], old, new), path)
    with pytest.raises(build.MasterError, match=message) as caught:
        build.read_master(path)
    assert "\n" not in str(caught.value), "one sentence"


@pytest.mark.parametrize(
    ("points", "shares", "sentence"),
    [
        (
            "points: [1, 2, 0.5, 0.5]",
            [1, 2, 0.5, 0.5],
            "4 points: the checks are worth 1, 2, 0.5, 0.5",
        ),
        ("points: {each: 2}", [2, 2, 2, 2], "8 points: the checks are worth 2, 2, 2, 2"),
        ("points: 6", [1.5] * 4, "6 points: the checks are worth 1.5, 1.5, 1.5, 1.5"),
    ],
)
def test_partial_credit_is_built_and_told(tmp_path, points, shares, sentence):
    path = tmp_path / "hw1_mixtures_and_em.ipynb"
    old = "points: 4\nall_or_nothing: true"
    nbformat.write(spoil(MASTERS["hw1_mixtures_and_em"], old, points), path)
    build.build(tmp_path / "out", [path])
    told = json.loads((tmp_path / "out/autograder/hw1_mixtures_and_em_points.json").read_text())
    assert [check["points"] for check in told[0]["checks"]] == shares
    assert told[0]["points"] == sum(shares)
    student = nbformat.read(tmp_path / "out/course/hw1_mixtures_and_em.ipynb", as_version=4)
    assert any(sentence in cell.source for cell in student.cells)
    names = build.run(student, ignore_errors=True)
    for found in build.grade(names, build.checks(student)):
        assert found.score == 0


def test_students_read_what_a_question_is_worth_and_what_counts(notebook):
    for homework, master in MASTERS.items():
        for edition in ("course", "study"):
            text = "\n\n".join(c.source for c in notebook(edition, homework).cells)
            for question in build.questions(master):
                told = text.partition(f"## {question['title']}\n\n")[2].split("\n\n## ")[0]
                assert told.startswith(f"*{question['points']} points: ")
                if question["manual"]:
                    counts = told.partition("**What counts.**")[2].split("\n")[0]
                    assert sum(map(int, re.findall(r"\d", counts))) == question["points"]
                    given = re.findall(r"\((\d) points?\)", question["rubric"])
                    assert re.findall(r"\d", counts) == given


@pytest.mark.parametrize(
    ("question", "line", "message"),
    [
        ("q4_picture", "    mean = (u + v) / (u + w + k)", "answer to q1_posterior_mean"),
        ("q1_posterior_mean", "    betaln(c + d, e + f - d) - betaln(c, e)", "q3_log_evidence"),
        ("q2_moment_match", "    z = (1 - 1 / n) / excess - 1; mean * z, (1 - mean) * z", None),
        ("q1_posterior_mean", "    strength = (1 - 1 / n) / excess - 1", "q2_moment_match"),
    ],
)
def test_a_check_may_not_answer_another_question(notebook, question, line, message):
    """The first is the leak that was there: the picture's check held the posterior mean."""
    student = notebook("course", "hw4_hierarchical_models")
    tests = student.metadata.otter.tests
    tests[question] += f"\ndef test_more():\n{line}\n"
    master = MASTERS["hw4_hierarchical_models"]
    if message is None:
        build.check_for_leaks(student, master, hide=True)
        return
    with pytest.raises(build.MasterError, match=message):
        build.check_for_leaks(student, master, hide=True)


def test_a_cell_or_the_metadata_may_not_answer_a_question(notebook):
    master = MASTERS["hw4_hierarchical_models"]
    student = notebook("course", "hw4_hierarchical_models")
    student.cells[2].source += "\np = (a + y) / (a + b + n)"
    with pytest.raises(build.MasterError, match="computes the answer to q1_posterior_mean"):
        build.check_for_leaks(student, master, hide=True)
    student = notebook("course", "hw4_hierarchical_models")
    student.metadata["answers"] = "x"
    with pytest.raises(build.MasterError, match="unknown metadata"):
        build.check_for_leaks(student, master, hide=True)


def test_the_page_of_answers_is_what_the_masters_say():
    told = build.PAGE.read_text(encoding="utf-8")
    assert told == build.solutions_page(), "python book/homework/build.py --page writes it"
    assert told.count("<details>") == 10
    assert not re.search(r"point\)|points\)|Rubric", told)


def test_the_template_of_a_question_is_a_master_that_builds(tmp_path):
    template = ROOT / "book" / "homework" / "templates" / "question.ipynb"
    build.build(tmp_path / "out", [template])
    names = {path.name for path in (tmp_path / "out" / "course").iterdir()}
    assert names == {"question.ipynb"}


def test_metadata_outputs_and_helpers_are_refused(tmp_path):
    path = tmp_path / "hw1_mixtures_and_em.ipynb"
    for change, message in [({"tags": ["x"]}, "metadata"), ({"points": 3}, "metadata")]:
        spoiled = copy.deepcopy(MASTERS["hw1_mixtures_and_em"])
        spoiled.cells[5].metadata.update(change)
        nbformat.write(spoiled, path)
        with pytest.raises(build.MasterError, match=message):
            build.read_master(path)
    # A helper outside the markers would be handed to the students.
    helper = "def responsibilities(x, weights, means, variances):\n    shifted = x - means\n"
    spoiled = spoil(
        MASTERS["hw1_mixtures_and_em"],
        "def responsibilities(x, weights, means, variances):\n",
        helper,
    )
    nbformat.write(spoiled, path)
    with pytest.raises(build.MasterError, match="more than a stub"):
        build.build(tmp_path / "out", [path])
    assert not (tmp_path / "out").exists(), "a failed build published something"


def test_a_wrong_solution_is_not_published(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "old").touch()
    path = tmp_path / "hw1_mixtures_and_em.ipynb"
    nbformat.write(spoil(MASTERS["hw1_mixtures_and_em"], "np.log(weights) + d", "d"), path)
    with pytest.raises(build.MasterError, match="weight"):
        build.build(out, [path])
    assert [p.name for p in out.iterdir()] == ["old"], "the old edition is not what it was"
    assert len(list(tmp_path.iterdir())) == 2, "a temporary folder was left behind"


def test_what_killed_builds_left_is_removed_and_nothing_is_put_elsewhere(tmp_path):
    import os
    import subprocess
    import sys

    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    old, other = (tmp_path / f".homework-{pid}-x" for pid in (gone.pid, os.getpid()))
    old.mkdir()
    other.mkdir()
    before = set(os.listdir("/tmp"))
    build.build(tmp_path / "out", build.MASTERS[:1])
    assert not old.exists()
    assert other.exists(), "another build is at work there"
    new = set(os.listdir("/tmp")) - before
    assert not [n for n in new if any((tmp_path.__class__("/tmp") / n).rglob("q1_*.py"))]


def test_two_builds_give_the_same_files(editions, tmp_path):
    """Compared with the build of `make homework`, made in another process."""
    for new in sorted(editions.rglob("*")):
        if new.is_file():
            assert new.read_bytes() == (BUILT / new.relative_to(editions)).read_bytes(), new.name
