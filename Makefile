# nutbus: `make run` shows it, `make test` proves it. Nothing but Python 3.11 and make is needed first.

VENV := .venv
BIN := $(VENV)/bin
PYTEST := $(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder

.PHONY: run test check unit nightly soak fuzz bench docs docs-coverage wheel clean

run: $(VENV)/installed
	$(BIN)/nutbus demo

test: check
	$(PYTEST) -m "not nightly"

check: $(VENV)/installed-dev
	tools/debian-packages
	$(BIN)/python tools/home-assistant >/dev/null
	tools/node-red >/dev/null
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/bandit
	$(BIN)/python tools/settings-reference --check
	$(BIN)/python tools/commands-reference --check
	$(BIN)/python tools/coverage --check

unit: $(VENV)/installed-dev
	$(BIN)/pytest tests/unit

nightly: check
	$(PYTEST)
	$(MAKE) fuzz

# Half an hour of random faults; see docs/soak.md.
soak: $(VENV)/installed-dev
	tools/debian-packages
	$(BIN)/python -m benchmarks.soak --minutes 30

# Ten minutes for each parser, some three hours in all; see docs/security.md.
fuzz: $(VENV)/installed-dev
	$(BIN)/python tools/fuzz all --minutes 10 --jobs 2

bench: $(VENV)/installed-dev
	tools/debian-packages
	$(BIN)/python tools/home-assistant >/dev/null
	$(BIN)/python -m benchmarks

docs: $(VENV)/installed-dev
	$(BIN)/python tools/settings-reference
	$(BIN)/python tools/commands-reference
	$(BIN)/python tools/coverage --models

# The comparison of every driver with NUT's own; some minutes.
docs-coverage: $(VENV)/installed-dev
	$(BIN)/python tools/coverage

wheel: $(VENV)/installed
	$(BIN)/pip wheel --no-deps --wheel-dir dist .

clean:
	rm -rf $(VENV) dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

$(VENV)/installed: pyproject.toml
	tools/make-venv $(VENV)
	$(BIN)/pip install --quiet --editable .
	touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(BIN)/pip install --quiet --group dev
	touch $@
