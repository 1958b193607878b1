# Two commands do everything on a fresh machine: `make demo` and `make test`. `make help` lists the rest.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help setup demo ui check test test-jit lane-nojit lane-bounds test-slow parity findings fidelity bench system-packages

BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest
# two workers, a file's tests in one of them: they share the file's markets
PARALLEL := -n 2 --dist loadfile
export PYTHON

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## make .venv from requirements.lock (PYTHON=python3.12 chooses another Python); quick when nothing changed
	@sh scripts/setup.sh

demo: setup ## the whole loop on synthetic markets: make, import, sweep, track, export
	@sh scripts/demo.sh

ui: setup ## open the demo's sweeps in MLflow
	@FURLONG_HOME=$${FURLONG_HOME:-furlong-data/demo} $(BIN)/sweeps ui

check: setup ## linter, formatter, types, import arrows
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: check test-jit lane-nojit lane-bounds ## everything that CI runs

test-jit: setup system-packages ## the whole suite but the slow proofs, kernels compiled
	$(PYTEST) $(PARALLEL) -m "not slow"

lane-nojit: setup ## the named small set with the kernels as plain Python
	NUMBA_DISABLE_JIT=1 $(PYTEST) $(PARALLEL) -m "lane and not slow"

lane-bounds: setup ## the named small set with bounds checks in the kernels
	NUMBA_BOUNDSCHECK=1 $(PYTEST) $(PARALLEL) -m "lane and not slow"

test-slow: setup system-packages ## the slow proofs
	$(PYTEST) -m slow

findings: setup ## put the articles' findings about their bots to the test; writes docs/findings.md
	$(BIN)/python -m benchmarks.findings

fidelity: setup ## how far replays are from the truth, into docs/fidelity.md; goes on where it stopped (SMALL=1: a few markets)
	$(BIN)/python -m benchmarks.fidelity $(if $(SMALL),--small)

system-packages:
	@sh scripts/system-packages.sh

parity: setup ## flumine and the preset of its name on every real recording, order for order; writes docs/parity.md
	$(BIN)/python -m benchmarks.parity

bench: setup ## how fast, against peers and the machine's own floors, into build/bench.json (SMALL=1: whether it works)
	$(BIN)/python -m benchmarks.speed $(if $(SMALL),--small)
