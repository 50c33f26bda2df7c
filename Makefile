.DEFAULT_GOAL := help
SHELL := /bin/bash
BIN := .venv/bin
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && echo $$p && break; done)

.PHONY: help run test bench lint format build lock clean

help: ## Show what there is to run
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk 'BEGIN {FS = ":.*## "} {printf "  make %-8s %s\n", $$1, $$2}'

.venv/.ready: requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "No Python 3.11 to 3.13 found. Install one, or say which: make PYTHON=/path/to/python3.12 run"; exit 1; }
	@echo "Setting up .venv (a few minutes the first time) ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

run: .venv/.ready ## Set up, run the notebooks, name the HTML report
	@$(BIN)/crmlib run

test: .venv/.ready lint ## Set up, then lint, types, doctests and every test this machine can run
	@$(BIN)/python -m pytest

bench: .venv/.ready ## Measure against lifetimes and nbgrader, side by side; tables and pictures into benchmarks/ (minutes)
	@$(BIN)/crmlib bench clv
	@$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[nbgrader]' && $(BIN)/crmlib bench grade

lint: .venv/.ready ## Style and types
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

format: .venv/.ready ## Put the code into the house style
	@$(BIN)/ruff check --fix-only . ; $(BIN)/ruff format .

build: .venv/.ready ## Build the notebooks from notebooks/src
	@$(BIN)/crmlib build

lock: .venv/.ready ## Resolve requirements.lock anew, for every supported Python
	@$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --extra dev --extra dask --extra postgres \
		--extra databases --extra push --extra spark --extra nbgrader --no-emit-index-url --no-annotate --custom-compile-command "make lock" \
		pyproject.toml --output-file requirements.lock

clean: ## Remove what can be made again (not your runs)
	@rm -rf .venv build dist artifacts .pytest_cache .mypy_cache .ruff_cache .hypothesis
