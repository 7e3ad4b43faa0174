# Everything runs in .venv, which the first command sets up.
# torch 2.11 is the newest that torchaudio works with; another: make test TORCH=torch==2.13.0 EXTRAS=train,test
TORCH ?= torch==2.11.*
EXTRAS ?= dev
PYTHON ?= python3
AUDIO ?=
# As it was typed, be there a dollar sign in it.
override export AUDIO := $(value AUDIO)
BIN := .venv/bin

.PHONY: help demo test coverage format lint types surface docs bench package hooks gate release clean

help:  ## Show this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: .venv/demo.stamp  ## Transcribe the demo loop, or any file: make demo AUDIO=path
	$(BIN)/drummernet demo $${AUDIO:+"$$AUDIO"}

test: .venv/test.stamp  ## Run all tests
	TRITON_INTERPRET=1 $(BIN)/python -m pytest -m gpu
	$(BIN)/python -m pytest

coverage: .venv/test.stamp  ## Run all tests, and show the lines that none reaches
	$(BIN)/coverage erase
	TRITON_INTERPRET=1 $(BIN)/coverage run -m pytest -m gpu
	$(BIN)/coverage run -m pytest
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

format: .venv/test.stamp  ## Lay code out
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

lint: .venv/test.stamp  ## Check style
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: .venv/test.stamp  ## Check types
	$(BIN)/mypy

surface: .venv/test.stamp  ## Write down what is public, after a change of it that is meant
	$(BIN)/python -m tests.surface > tests/public_surface.txt

docs: .venv/docs.stamp  ## Build the documentation: docs/_build/html/index.html
	$(BIN)/sphinx-build -q -W --keep-going docs docs/_build/html

bench: .venv/test.stamp  ## Measure speed and memory, and draw docs/benchmarks.md
	$(BIN)/python -m benchmarks

package: .venv/test.stamp  ## Build the package, and use it outside the checkout
	.ci/package

hooks: .venv/test.stamp  ## Check style, types and the public surface before each commit
	$(BIN)/pre-commit install

gate:  ## Everything that must pass before a change is taken
	.ci/run

release:  ## Pass the gate, build and tag this version; upload it: make release PUBLISH=--publish
	.ci/release $(PUBLISH)

clean:  ## Remove the environments and what was built
	rm -rf .venv .venv-* dist docs/_build docs/_static/demo

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/demo.stamp: .venv/bin/python pyproject.toml ddsp_drums/__init__.py
	$(BIN)/pip install --quiet '$(TORCH)' --editable '.[drummernet]'
	touch $@

.venv/test.stamp: .venv/bin/python pyproject.toml ddsp_drums/__init__.py
	$(BIN)/pip install --quiet '$(TORCH)' --editable '.[$(EXTRAS)]'
	touch $@

.venv/docs.stamp: .venv/bin/python pyproject.toml ddsp_drums/__init__.py
	$(BIN)/pip install --quiet '$(TORCH)' --editable '.[docs]'
	touch $@
