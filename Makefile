# Every command a person or CI runs. `make help` is the menu.
SHELL := /bin/sh
.DEFAULT_GOAL := demo
# Python that makes the virtualenv (3.11 to 3.13)
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

$(VENV)/.ready: requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV) && $(BIN)/pip install --quiet --require-hashes --no-deps -r requirements.lock
	$(BIN)/pip check && touch $@
