# The commands of this repository, the same for people and for CI. `make` alone explains them.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help run demo test check lock environment

VENV := .venv
BIN := $(VENV)/bin
# The lock as it was when it was last installed: compared by content, because a fresh clone has arbitrary file times.
INSTALLED := $(VENV)/installed.lock
PYTHON ?=

help: ## this list
	@echo "make <command>:"
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

run: environment ## start every service on this machine; Ctrl-C stops them, a second start keeps the data
	@exec $(BIN)/python -m deploy.all_in_one

demo: environment ## play a merchant's day against the running system
	@$(BIN)/python -m console.main demo

test: environment ## the whole test suite, on two cores
	@$(BIN)/python -m pytest -n 2 --no-loadscope-reorder

check: environment ## style, the arrows of ARCHITECTURE.md, freshness of the bundled specifications, nothing broken since their release
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports
	@$(BIN)/python -m tools.bundle_specs --check
	@$(BIN)/python -m tools.freeze_specs --check

lock: environment ## write requirements.lock anew from pyproject.toml
	@$(BIN)/python -m piptools --version >/dev/null 2>&1 || $(BIN)/python -m pip install --quiet pip-tools
	@{ echo '# The whole tree with exact versions and hashes. Written by `make lock` from pyproject.toml; do not edit.'; \
	  $(BIN)/python -m piptools compile --quiet --extra dev --generate-hashes --strip-extras --allow-unsafe --no-annotate \
	    --no-header --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --output-file - pyproject.toml; \
	} > requirements.lock.new
	@mv requirements.lock.new requirements.lock

environment: ## the virtual environment in .venv, exactly as requirements.lock says
	@cmp -s requirements.lock $(INSTALLED) || PYTHON="$(PYTHON)" deploy/environment.sh $(VENV) requirements.lock
