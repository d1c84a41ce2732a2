# Everything a contributor runs. Needs python3 >= 3.11 and make; the rest goes into .venv.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
LOCK := requirements/dev.lock
RUNTIME_LOCK := requirements/runtime.lock
UV := .venv/lock/bin/uv
# What package-check tries: the lowest versions of the dependencies on the first, the newest on each.
PYTHONS ?= $(PYTHON)

.PHONY: help setup demo test lint types imports unit docs docs-check record golden bench verify-live lock man \
	package package-check release-files format clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 15

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

# Programs that the tests start are compiled once, also where the environment says otherwise.
unit: export PYTHONDONTWRITEBYTECODE =
unit: $(READY) ## the tests
	$(BIN)/pytest -q -n 3 --dist worksteal

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

# Not part of test: it reads a real account, with the credentials of the environment. ARGS=--help tells the rest.
verify-live: $(READY) ## test what is assumed of IBM Cloud on your account; only reads
	@$(BIN)/python -m tests.live $(ARGS)

format: $(READY) ## format the code
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

# --universal: for every Python and system. The versions of a release are those that the tests ran with.
COMPILE = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-header --upgrade pyproject.toml

lock: $(UV) ## resolve the dependencies anew, of the development and of a release
	$(COMPILE) --group dev --output-file $(LOCK)
	$(COMPILE) --constraint $(LOCK) --output-file $(RUNTIME_LOCK)

$(UV):
	$(PYTHON) -m venv .venv/lock
	.venv/lock/bin/pip install --quiet uv

# The time that everything in a release bears: of the last commit, or, unpacked from an sdist, of that.
man package package-check release-files: export SOURCE_DATE_EPOCH ?= \
	$(shell if [ -e .git ]; then git log -1 --format=%ct; else stat -c %Y pyproject.toml; fi)

man: $(READY) ## write the man pages into dist/man
	$(BIN)/python -m release.man

package: man ## build the sdist and the wheel into dist, twice, and compare
	$(BIN)/python -m release.build

package-check: package $(UV) ## try the wheel on what the bounds allow; PYTHONS="python3.11 python3.13"
	$(BIN)/python -m release.check $(UV) $(PYTHONS)

release-files: package ## write licences, bill of materials and checksums into dist
	$(BIN)/python -m release.files

clean: ## remove what the targets made
	rm -rf .venv dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
