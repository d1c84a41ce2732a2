# Everything a contributor runs. Needs python3 >= 3.11 and make; the rest goes into .venv.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
LOCK := requirements/dev.lock

.PHONY: help setup demo test lint types imports unit docs docs-check record golden bench lock format clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(READY) ## create .venv with everything

# --require-hashes: what is installed is what was reviewed. The project itself is installed without isolation, so
# that its build backend, too, comes from the lock.
$(READY): $(LOCK) pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "vpcmetactl needs Python 3.11 or newer: make PYTHON=/path/to/python3")'
	$(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(LOCK)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(READY) ## run the tour on the embedded emulator
	@$(BIN)/vpcmetactl demo

test: lint types imports docs-check unit ## every check; what CI runs

lint: $(READY) ## style, and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY) ## static types
	$(BIN)/mypy

imports: $(READY) ## who may import whom
	$(BIN)/lint-imports

unit: $(READY) ## the tests
	$(BIN)/pytest -q -n 3

docs: $(READY) ## rebuild the generated parts of the documentation
	$(BIN)/python -m docs._generate.picture
	$(BIN)/cog -r -I . $$(grep -rl --include='*.md' '^<!-- \[\[\[cog' README.md docs)

docs-check: $(READY) ## fail if a generated part of the documentation is out of date
	$(BIN)/python -m docs._generate.picture --check
	$(BIN)/cog --check -I . --check-fail-msg='run make docs' $$(grep -rl --include='*.md' '^<!-- \[\[\[cog' README.md docs)

record: $(READY) ## record cassettes/emulated anew from the seeded emulator
	$(BIN)/python -m tests.support.record

golden: $(READY) ## rewrite the expected outputs from what the program prints; review the diff
	$(BIN)/pytest -q tests/golden --update-golden

bench: $(READY) ## measure the speed claims
	$(BIN)/python -m benchmarks.run

format: $(READY) ## format the code
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

lock: ## resolve the development dependencies anew
	$(PYTHON) -m venv .venv/lock
	.venv/lock/bin/pip install --quiet uv
	.venv/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --upgrade --group dev pyproject.toml --output-file $(LOCK)

clean: ## remove what the targets made
	rm -rf .venv dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
