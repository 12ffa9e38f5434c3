# Everything a contributor, an instructor or CI does with this repository.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help book live live-lock editions pdf epub slides zip test test-live test-editions check check-chapters check-code check-lowest claims browser homework grade quick ranges notes mutants bench site-report live-report lab serve counts lock clean

PYTHON ?= python3
BIN := .venv/bin
PORT ?= 8000
RESOLUTION ?= lowest-direct
BASE ?= main
SITE := _build/html
HOMEWORK := _build/homework
LIVE := _build/live
EDITIONS := _build/editions
EDITION := $(EDITIONS)/what-the-data-hide
COMPANION := $(shell find companion -type f -not -path '*/__pycache__/*')
# Neither the site nor the homework.
LIVE_TESTS := $(wildcard tests/test_live_*.py)
EDITION_TESTS := $(wildcard tests/test_editions*.py)
TESTS := companion tests $(patsubst %,--ignore %,$(wildcard tests/test_site*.py tests/test_live*.py tests/test_editions*.py) $(addprefix tests/test_,build.py mentions.py wheel.py homework.py grading.py grading_books.py claims.py))

# Two workers, two cores: with two threads of BLAS each they would wait for each other.
test test-live test-editions book live check claims quick ranges: export OPENBLAS_NUM_THREADS = 1

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

book: $(SITE)/.built  ## execute the chapters and build the site into _build/html
	@echo "The book: $(CURDIR)/$(SITE)/index.html"

live: $(SITE)/.live  ## build the site with its live edition: chapters and homework that run in the browser
	@echo "The book, live (serve it, a browser runs nothing from a file): $(CURDIR)/$(SITE)/index.html"

editions: $(SITE)/.editions  ## build all editions into the site: live, PDF, EPUB, slides, zip
	@echo "The book in all editions: $(CURDIR)/$(SITE)/index.html"

pdf: browser $(EDITION).pdf  ## print the book

epub: browser $(EDITION).epub  ## build the EPUB

slides: $(SITE)/.slides  ## make slides of every chapter

zip: $(EDITION)-site.zip  ## pack the site

test: browser $(HOMEWORK)/.built _build/fresh  ## run all that CI runs: lint, types, tests, every chapter, the homework, the site
	$(BIN)/python book/execute.py
	$(BIN)/python -m pytest -n 2 --dist loadfile $(addprefix --ignore ,$(LIVE_TESTS) $(EDITION_TESTS))

test-live: browser live  ## run the tests of the live edition, in Node and in a browser
	$(BIN)/python -m pytest -n 2 --dist loadfile $(LIVE_TESTS)

test-editions: browser editions  ## run the tests of the PDF, the EPUB, the slides and the zip
	$(BIN)/python -m pytest -n 2 --dist loadfile $(EDITION_TESTS)

check:  ## check in half a minute, before a commit: lint, types, style, changed chapters, examples also on the lowest versions
	@$(MAKE) --no-print-directory -k -j 2 --output-sync=target check-chapters check-lowest check-code

# Changed since the branch left $(BASE), committed or not; if there is no such branch, since the last commit.
check-chapters: .venv/installed
	@since=$$(git merge-base HEAD $(BASE) 2>/dev/null || echo HEAD); \
	{ git diff --name-only --diff-filter=d $$since; git ls-files --others --exclude-standard; } | \
	{ grep -x 'book/[0-9][^/]*\.ipynb' || true; } | xargs -r $(BIN)/python -m pytest -q

check-lowest: _build/lowest-direct/installed
	@_build/lowest-direct/bin/python -m pytest -q -W ignore::DeprecationWarning companion

check-code: .venv/installed
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/mypy
	@$(BIN)/python -m pytest -q tests/test_book_style.py companion

claims: _build/fresh  ## check every claim of the chapters, and that every assert can fail
	$(BIN)/python book/execute.py
	$(BIN)/python book/claims.py

browser: .venv/installed
	@$(BIN)/python tests/chromium.py

homework: $(HOMEWORK)/.built  ## build the homework: for students, for readers alone, for the grader
	@echo "The homework: $(CURDIR)/$(HOMEWORK)"

grade: homework  ## grade what was handed in, a folder or an archive: make grade HW=hw1 SUBMISSIONS=folder
	@[ -n "$(HW)" ] && [ -n "$(SUBMISSIONS)" ] || { echo "usage: make grade HW=hw1 SUBMISSIONS=folder"; exit 2; }
	$(BIN)/python book/homework/grade.py "$(HW)" "$(SUBMISSIONS)"

quick:  ## lint, types, the companion's tests and two chapters on another Python: make quick PYTHON=python3.13
	$(call environment,_build/quick,-r requirements.txt)
	_build/quick/bin/python -m pytest -n 2 --dist loadfile $(TESTS) book/0[68]_*.ipynb

ranges: _build/$(RESOLUTION)/installed  ## run the companion's tests and the chapters at the lowest versions that pyproject.toml allows
	@# Old libraries may complain of their own newer dependencies: deprecations are no errors here.
	_build/$(RESOLUTION)/bin/python -m pytest -n 2 --dist loadfile -W default::DeprecationWarning \
	  $(TESTS) --ignore tests/test_project.py book/*.ipynb

mutants: .venv/installed  ## change the companion at random, and see whether a test notices: make mutants PARTS="--modules em --number 30"
	$(BIN)/python benchmarks/mutants.py $(PARTS)

bench: .venv/installed _build/bench/installed  ## measure speed and memory, and write the tables of the companion's page
	_build/bench/bin/python benchmarks/bench.py $(PARTS)

site-report: browser book  ## measure what each page of the site costs its visitor: make site-report PAGES=book/01_mixtures
	$(BIN)/python benchmarks/site_report.py $(PAGES)

live-report: browser live  ## measure what each chapter of the live edition costs: make live-report PAGES=01_mixtures
	$(BIN)/python benchmarks/live_report.py $(PAGES)

lab: .venv/installed  ## open the chapters in JupyterLab
	$(BIN)/jupyter lab book

serve: book  ## build the site and serve it on http://localhost:8000
	$(BIN)/python -m http.server --bind localhost --directory $(SITE) $(PORT)

counts:  ## write the instructors' table of words, lines and hours
	$(PYTHON) book/counts.py

notes: .venv/installed  ## write into every chapter how to get the companion, for the address in _config.yml
	$(BIN)/python book/_extensions/companion_wheel.py

live-lock: .venv/installed  ## compile book/live/requirements.txt
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --no-emit-index-url --no-emit-find-links \
	  --custom-compile-command "make live-lock" book/live/requirements.in --output-file book/live/requirements.txt

lock: .venv/installed  ## compile requirements.txt from pyproject.toml
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --all-extras \
	  --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
	  pyproject.toml --output-file requirements.txt
	echo "-e ." >> requirements.txt

clean:  ## remove everything that was built, and the environment
	rm -rf .venv _build .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -prune -exec rm -rf {} +

$(SITE)/.built: _build/fresh $(HOMEWORK)/.built $(shell find book -type f -not -path 'book/live/*' -not -path 'book/editions/*' -not -path '*/.*' -not -path '*/__pycache__/*')
	$(BIN)/python book/execute.py
	@# A failed build must not look clean the second time: warnings come only from pages that are read.
	$(BIN)/jupyter-book build -W -n --keep-going . || { rm -rf $(SITE) _build/.doctrees; exit 1; }
	touch $@

# Placed again whenever pages are written again; the edition is built when its sources change.
$(SITE)/.live: $(SITE)/.built $(LIVE)/live.json
	$(BIN)/python book/_extensions/live.py $(SITE) $(LIVE)
	touch $@

$(LIVE)/live.json: $(LIVE)-env/installed $(HOMEWORK)/.built _config.yml $(wildcard book/[0-9]*.ipynb) $(shell find book/live -type f -not -path '*/__pycache__/*')
	$(BIN)/python book/live/assemble.py $(LIVE)-env $(LIVE)

# What was published with the pages is placed again whenever they are written again.
$(SITE)/.editions: $(SITE)/.live $(SITE)/.slides $(EDITION).pdf $(EDITION).epub $(EDITION)-site.zip
	$(BIN)/python book/editions/offer.py $(SITE) $(EDITIONS)
	touch $@

$(EDITION).pdf: $(SITE)/.built $(addprefix book/editions/,pages.py pdf.py print.css pins.toml)
	$(BIN)/python book/editions/pdf.py $(SITE) $@

$(EDITION).epub: $(SITE)/.built $(addprefix book/editions/,pages.py pins.toml) $(wildcard book/editions/*epub*)
	$(BIN)/python book/editions/epub.py $(SITE) $@

$(EDITION)-site.zip: $(SITE)/.built book/editions/archive.py
	$(BIN)/python book/editions/archive.py $(SITE) $@

$(SITE)/.slides: $(SITE)/.built $(addprefix book/editions/,pages.py pins.toml) $(wildcard book/editions/slide*)
	$(BIN)/python book/editions/slides.py $(SITE)
	touch $@

# JupyterLite has an environment of its own.
$(LIVE)-env/installed: book/live/requirements.txt
	$(call environment,$(LIVE)-env,-r book/live/requirements.txt)
	touch $@

$(HOMEWORK)/.built: .venv/installed $(addprefix book/homework/,build.py checking.py masters.py) $(wildcard book/homework/masters/*.ipynb) $(COMPANION)
	$(BIN)/python book/homework/build.py
	touch $@

# $(call environment,folder,what to install)
# uv reads the same file as pip and takes seconds where pip takes minutes; compiled once, every start
# of a program is faster, also where bytecode is not kept.
define environment
rm -rf $(1)
$(PYTHON) -m venv $(1)
$(1)/bin/pip install --quiet --disable-pip-version-check "$$(grep '^uv==' requirements.txt)"
VIRTUAL_ENV="$(CURDIR)/$(1)" $(1)/bin/uv pip install --quiet --compile-bytecode $(2)
endef

# Another Python asks for another environment.
ifneq ($(shell cat .venv/installed 2>/dev/null),$(shell $(PYTHON) -VV))
.PHONY: .venv/installed
endif
.venv/installed: requirements.txt pyproject.toml
	$(call environment,.venv,-r requirements.txt)
	$(PYTHON) -VV > $@

# The ends of the ranges of pyproject.toml; the highest versions of another day ask for `make clean`.
_build/lowest-direct/installed _build/highest/installed: pyproject.toml
	$(call environment,$(@D),--resolution $(notdir $(@D)) -e ".[test]")
	touch $@

# The benchmark has opponents that nobody else needs.
_build/bench/installed: requirements.txt pyproject.toml
	$(call environment,_build/bench,-r requirements.txt --group bench)
	touch $@

# What the chapters print depends on the companion and on the environment, which the cache cannot see.
_build/cached: .venv/installed book/ipython_kernel_config.py $(COMPANION)
	rm -rf _build/.jupyter_cache
	mkdir -p _build
	touch $@

# Pages are read again when what makes them changes; static files are copied only when a page changes.
_build/fresh: _build/cached _config.yml _toc.yml $(shell find book/_extensions book/_static book/_templates -type f -not -path '*/__pycache__/*')
	rm -rf _build/html _build/.doctrees
	touch $@
