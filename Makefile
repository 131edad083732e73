# Everything a person or a machine does with this checkout. `make help` lists the targets.
.DEFAULT_GOAL := help
.PHONY: help setup setup-dev run test check fmt bench drill load e2e cov lock dist
MAKEFLAGS += --no-print-directory

PYTHON ?= $(firstword $(foreach p,python3 python3.13 python3.12 python3.11,$(if $(shell command -v $(p) 2>/dev/null),$(p))) python3)
BIN := .venv/bin
# Two processes by default: what the smallest machine we support has. TESTS=... narrows a run.
JOBS ?= 2
TESTS ?=
ARGS ?=
CHECKS ?=
UPGRADE ?=

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

setup: ## environment, locked packages and front end, as far as they are not up to date
	@$(PYTHON) tools/bootstrap.py run

setup-dev:
	@$(PYTHON) tools/bootstrap.py dev

run: setup ## serve the demo on http://127.0.0.1:8000 (ARGS="--port 8010" for another port)
	@$(BIN)/elearn demo $(ARGS)

test: setup-dev ## the whole suite: both databases, real browser (TESTS=path narrows it)
	@$(BIN)/python -m tests.servers.chromium --install
	@$(BIN)/python -m tests.servers.webkit --install
	@$(BIN)/python -m pytest -n $(JOBS) $(TESTS)

check: setup-dev ## every static check; the one gate before a commit (CHECKS="ruff mypy" narrows it)
	@$(BIN)/python tools/check.py $(CHECKS)

fmt: setup-dev ## format the Python code and mend what ruff can mend
	@$(BIN)/python tools/check.py --fix

bench: setup-dev ## what every operation costs, printed as tables
	@$(BIN)/python -m bench $(ARGS)

drill: setup-dev ## break things under load, count lost answers (ARGS="--short", "--only power")
	@$(BIN)/python -m bench.drills $(ARGS)

load: setup-dev ## open-loop load (ARGS="starts", "saves --minutes 1", "overload --minutes 1")
	@$(BIN)/python -m bench.load $(ARGS)

e2e: setup-dev ## only the tests that drive a browser
	@$(BIN)/python -m tests.servers.chromium --install
	@$(BIN)/python -m tests.servers.webkit --install
	@$(BIN)/python -m pytest tests/e2e

cov: setup-dev ## the suite with branch coverage, and what it does not reach
	@rm -f .coverage .coverage.*
	@$(BIN)/python -m pytest -n $(JOBS) --cov --cov-report=term $(TESTS)

lock: setup-dev ## resolve the requirements and package.json again (UPGRADE=1: newest versions)
	@$(BIN)/python -m pip install -q --require-hashes -r requirements/lock.txt
	@$(BIN)/python tools/lock.py $(if $(UPGRADE),--upgrade)

dist: setup-dev ## the wheel and the source package, in dist/
	@$(BIN)/python -m build --no-isolation
