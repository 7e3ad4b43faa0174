# Everything runs in .venv, which the first command sets up.
# torch 2.11 is the newest that torchaudio works with; another: make test TORCH=torch==2.13.0 EXTRAS=train,test
TORCH ?= torch==2.11.*
EXTRAS ?= dev
PYTHON ?= python3
AUDIO ?=
# As it was typed, be there a dollar sign in it.
override export AUDIO := $(value AUDIO)
BIN := .venv/bin

.PHONY: bench demo test lint types clean help

help:  ## Show this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

demo: .venv/demo.stamp  ## Transcribe the demo loop, or any file: make demo AUDIO=path
	$(BIN)/drummernet demo $${AUDIO:+"$$AUDIO"}

test: .venv/test.stamp  ## Run all tests
	TRITON_INTERPRET=1 $(BIN)/python -m pytest -m gpu
	$(BIN)/python -m pytest

bench: .venv/test.stamp  ## Measure speed and memory, and draw docs/benchmarks.md
	$(BIN)/python -m benchmarks

lint: .venv/test.stamp  ## Check style
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: .venv/test.stamp  ## Check types
	$(BIN)/mypy

clean:  ## Remove the environment
	rm -rf .venv

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/demo.stamp: .venv/bin/python pyproject.toml ddsp_drums/__init__.py
	$(BIN)/pip install --quiet '$(TORCH)' --editable '.[drummernet]'
	touch $@

.venv/test.stamp: .venv/bin/python pyproject.toml ddsp_drums/__init__.py
	$(BIN)/pip install --quiet '$(TORCH)' --editable '.[$(EXTRAS)]'
	touch $@
