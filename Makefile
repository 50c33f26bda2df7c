.DEFAULT_GOAL := help
SHELL := /bin/bash
BIN := .venv/bin
JOBS ?= 2
# Compiled files are kept even where an image says otherwise: the tests start hundreds of processes.
export PYTHONDONTWRITEBYTECODE :=
PYTEST = $(BIN)/python -m pytest --numprocesses=$(JOBS) --dist=worksteal
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && echo $$p && break; done)

INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check

.PHONY: help run check quick test suite full instructor bench lint format build docs data lock clean

help: ## Show what there is to run
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk 'BEGIN {FS = ":.*## "} {printf "  make %-10s %s\n", $$1, $$2}'

# Three layers, each in a stamp of its own: nobody waits for what they do not use.
.venv/.ready: requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "No Python 3.11 to 3.13 found. Install one, or say which: make PYTHON=/path/to/python3.12 run"; exit 1; }
	@echo "Setting up .venv (a few minutes the first time) ..."
	@$(PYTHON) -m venv .venv
	@$(INSTALL) -r requirements.lock
	@$(INSTALL) --no-deps --editable .
	@touch $@

.venv/.ready-instructor: .venv/.ready requirements-instructor.lock
	@echo "Adding what instructors need ..."
	@$(INSTALL) -r requirements-instructor.lock
	@touch $@

.venv/.ready-dev: .venv/.ready requirements-dev.lock
	@echo "Adding what the tests need (a few minutes the first time) ..."
	@$(INSTALL) -r requirements-dev.lock
	@touch $@

run: .venv/.ready ## Set up, run the notebooks, name the HTML report
	@$(BIN)/crmlib run

check: .venv/.ready-dev ## Style, types and the tests that tell most, in a minute
	@$(MAKE) --no-print-directory --jobs=2 lint quick

quick: .venv/.ready-dev
	@$(PYTEST) tests -m "not slow and not full" --durations=0 --durations-min=1

test: .venv/.ready-dev ## Set up, then style, types, doctests and every test of behaviour that this machine can run
	@$(MAKE) --no-print-directory --jobs=2 lint suite

suite: .venv/.ready-dev
	@$(PYTEST) -m "not full" $(MEASURE)

full: .venv/.ready-dev ## What only CI runs after `make test`: a million rows, whole corpora, clusters and databases
	@$(PYTEST) tests -m full --hypothesis-profile=thorough

thorough: .venv/.ready-dev ## Every property on all of its examples, and what `make full` runs: before a release (an hour)
	@$(PYTEST) tests -m "full or hypothesis" --hypothesis-profile=thorough

instructor: .venv/.ready-instructor ## Set up what instructors need besides: grading, nbgrader, building notebooks
	@echo "Ready. To begin with: $(BIN)/crmlib exercise list"

bench: .venv/.ready-instructor ## Measure against lifetimes and nbgrader, side by side; tables and pictures into benchmarks/ (minutes)
	@$(BIN)/crmlib bench clv
	@$(BIN)/crmlib bench grade

lint: .venv/.ready-dev ## Style and types
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

format: .venv/.ready-dev ## Put the code into the house style
	@$(BIN)/ruff check --fix-only . ; $(BIN)/ruff format .

build: .venv/.ready-instructor ## Build the notebooks from notebooks/src
	@$(BIN)/crmlib build

docs: .venv/.ready-dev ## Draw the map of the house and fill the lists anew
	@$(BIN)/python docs/house.py && $(BIN)/python docs/lists.py

data: .venv/.ready-dev ## Make the shop that ships anew, with its dictionary and checksums
	@$(BIN)/python -m crmlib.synth.ship datasets
	@echo "Figures of this shop stand in these tests and examples; run them:"
	@git grep -l -e 'open_shop("shop")' -e 'read_truth(' -- crmlib tests

# The widest lock is resolved first, and the others within it: a package has one version in all of them.
RESOLVE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-emit-index-url --no-annotate \
	--custom-compile-command "make lock" pyproject.toml

lock: .venv/.ready-dev ## Resolve the locks anew, for every supported Python
	@$(RESOLVE) --upgrade --extra dev --output-file requirements-dev.lock >/dev/null
	@$(RESOLVE) --upgrade --constraint requirements-dev.lock --extra nbgrader --output-file requirements-instructor.lock >/dev/null
	@$(RESOLVE) --upgrade --constraint requirements-dev.lock --extra course --output-file requirements.lock >/dev/null

clean: ## Remove what can be made again (not your runs)
	@rm -rf .venv build dist artifacts .pytest_cache .mypy_cache .ruff_cache .hypothesis
