# Two commands do all the set-up: `make demo` and `make test`. Everything lives in .venv.

# The first of these that is 3.11, 3.12 or 3.13; `make PYTHON=…` names another.
ifndef PYTHON
PYTHON := $(shell for p in python3 python3.13 python3.12 python3.11; do \
  $$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && echo $$p && break; done)
endif
VENV   ?= .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help demo test test-slow check coverage docs docs-refresh bench-scale format wheel clean

help:  ## Show this list.
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

demo: $(STAMP)  ## Build this repository's own corpus and show what was made.
	@$(BIN)/corpus-kit build

test: $(STAMP)  ## Run the tests.
	$(BIN)/python -m pytest -m "not slow" -n 2 --dist loadgroup $(ARGS)

test-slow: $(STAMP)  ## Run the long tests only.
	$(BIN)/python -m pytest -m slow -n 2 --dist loadgroup $(ARGS)

check: $(STAMP)  ## Lint, format and types.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PYTHON=$(BIN)/python .ci/check-tests

coverage: $(STAMP)  ## `make test`, and whether every room is covered as .ci/coverage.toml asks.
	$(MAKE) test ARGS="-q --cov --cov-report= $(ARGS)"
	$(BIN)/python .ci/coverage_of_rooms.py $(FLOORS)

docs: $(STAMP)  ## Build the documentation site into docs/_build/html; warnings are errors.
	$(BIN)/python -m docs.tools.reference --check
	$(BIN)/python -m sphinx -W --keep-going -q -b html -d docs/_build/doctrees docs docs/_build/html
	@echo "docs/_build/html/index.html"

docs-refresh: $(STAMP)  ## Write anew what the docs generate: the reference, and the output of every console block.
	$(BIN)/python -m docs.tools.reference
	$(BIN)/python -m docs.tools.pages

bench-scale: $(STAMP)  ## Near-copies, the whole build and a million documents, beside their peers (about an hour on two cores).
	$(BIN)/python benchmarks/duplicates.py --write
	$(BIN)/python benchmarks/scale.py --write
	$(BIN)/python benchmarks/million.py --write

format: $(STAMP)  ## Format the code.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

wheel: $(STAMP)  ## Build the wheel and the source distribution into dist/.
	$(BIN)/python -m build

clean:  ## Remove everything made but the environment.
	rm -rf dist build docs/_build data/documents data/rejected data/release data/report data/.work .pytest_cache .mypy_cache .ruff_cache

$(STAMP): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "corpus-kit needs Python 3.11, 3.12 or 3.13, and none is on the PATH. Try: make PYTHON=/path/to/python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info[:2] <= (3, 13) else "corpus-kit needs Python 3.11, 3.12 or 3.13, this is %s. Try: make PYTHON=python3.12 ..." % sys.version.split()[0])'
	@test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	@echo "Installing corpus-kit and its dependencies into $(VENV) (about 1.2 GB, some minutes on first use)"
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@$(BIN)/python -m compileall -q corpus_kit
	@touch $(STAMP)
