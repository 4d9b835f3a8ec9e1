# Every target does its own set-up. Nothing here needs more than Python 3.11+, git and make.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help install demo test check bench format lock clean

VENV := .venv
BIN := $(VENV)/bin
UV := UV_PYTHON_DOWNLOADS=never $(BIN)/uv
UV_VERSION := 0.13.9

# More for pytest: make test PYTEST_ARGS="tests/house -k broker"
PYTEST_ARGS ?=
# More for the demo: make demo DEMO_ARGS="--port 9000"
DEMO_ARGS ?=

# Reading the settings, as checks do, needs no database and no keeper of keys, and leaves an installation's own folder alone.
CHECK_ENV := FBADMIN_ENV_FILE= DEBUG=1 VAR_DIR=$(CURDIR)/.mypy_cache/var DATABASE_URL=postgres://none@127.0.0.1:9/none TOKEN_KEYS_FROM=env

help:  ## List the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

install:  ## Make .venv from requirements.lock (nothing to do while the lock is the same)
	@.ci/install $(UV_VERSION)

demo: install  ## Everything in one terminal, with a sandbox instead of Meta; Ctrl-C ends it
	@DEBUG=$${DEBUG-1} $(BIN)/python manage.py demo $(DEMO_ARGS)

test: install  ## The whole suite, on services of its own (or on TEST_DATABASE_URL and TEST_REDIS_URL)
	@$(BIN)/python -m pytest -n 2 --dist loadgroup $(PYTEST_ARGS)

check: install  ## Lint, format, types, migrations, templates, security
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(CHECK_ENV) $(BIN)/mypy
	$(CHECK_ENV) $(BIN)/python -W ignore manage.py makemigrations --check --dry-run
	$(BIN)/djlint templates --lint --quiet
	$(BIN)/bandit -q -ll -s B308,B608 -r apps fbadmin

bench: install  ## Print the figures of the README (some minutes; each alone: python -m bench.batches)
	@$(BIN)/python -m bench.batches
	@$(BIN)/python -m bench.storage
	@$(BIN)/python -m bench.page
	@$(BIN)/python -m bench.pacing
	@$(BIN)/python -m bench.health
	@$(BIN)/python -m bench.alerts

format: install  ## Bring code into shape
	$(BIN)/ruff check --fix --quiet . || true
	$(BIN)/ruff format .

lock: install  ## Write requirements.lock anew from pyproject.toml
	$(UV) pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-annotate --no-header \
		--all-extras --group dev pyproject.toml -o requirements.lock

clean:  ## Delete .venv, caches and var/ (the demo's data)
	rm -rf $(VENV) var .mypy_cache .pytest_cache .ruff_cache .hypothesis test-results
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
