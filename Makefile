# Two commands do everything: `make demo` and `make test`; `make quick` is for every day. Each sets up what it needs, in
# .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
BENCH := .venv-bench
MARK := $(VENV)/.installed

# Where it is set, as in many containers, every process of the tests compiles the package again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test quick check unit collect mypy pyright lint format api docs extras picture dist bench soak interrupts fuzz clean

demo: $(MARK)  ## the main job, on an emulator of its own
	$(BIN)/realtimekit demo

test: check unit  ## everything that must hold

# The tests of the core and those that changed; mypy looks again at what changed alone.
CHANGED = $(shell (git diff --name-only --diff-filter=d HEAD; git ls-files -o --exclude-standard) 2>/dev/null \
	| grep -E '^tests/(.*/)?test_[a-z_0-9]+\.py$$' | grep -v ^tests/core/)

quick: lint mypy  ## for every day: the linters, mypy, the core's tests and the changed ones
	$(BIN)/pytest -q -n logical --dist worksteal tests/core tests/test_new_resource.py $(CHANGED)

check: $(MARK)  ## what can be checked without running the tests: two at a time
	$(MAKE) --no-print-directory -j 2 mypy lint pyright docs collect

lint: $(MARK)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

mypy: $(MARK)
	$(BIN)/mypy

pyright: $(MARK)
	$(BIN)/pyright

collect: $(MARK)  # pytest compiles the tests, once instead of in each worker
	@printed=$$($(BIN)/pytest -q --collect-only 2>&1) || { echo "$$printed" | tail -n 50; exit 1; }

unit: $(MARK)
	$(BIN)/pytest -n auto --dist worksteal

format: $(MARK)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

api: $(MARK)  ## record the public names, signatures and types, which a test compares
	$(BIN)/python -m tools.public_api

docs: $(MARK)  ## build the documentation into site/, and check its links: no network
	$(BIN)/python -m tools.site

picture: $(MARK)  ## take the picture of the README, of the console
	$(BIN)/python -m tools.picture

extras: $(MARK)  ## measure what each extra costs, for docs/extras.md (ARGS=--wheels asks the index for wheels, too)
	$(BIN)/python -m tools.extras $(ARGS)

dist: $(MARK)  ## wheel and sdist: built, checked and installed alone (ARGS="--python python3.13")
	$(BIN)/python -m tools.distribution $(ARGS)

bench: $(BENCH)/.installed  ## beside the official package: benchmarks/README.md
	$(BENCH)/bin/python -m benchmarks $(ARGS)

soak: $(MARK)  ## ten minutes of every kind of call: whether anything grows (Linux; ARGS="--seconds 60 --calls 5000")
	$(BIN)/python -m benchmarks.soak $(ARGS)

.PHONY: migration
migration: $(MARK)  ## write the tables of the migration guides (ARGS=--check only compares)
	$(BIN)/python -m tools.migration $(ARGS)

interrupts: $(MARK)  ## calls interrupted at random points: whether anything is left (Linux; ARGS="--calls 1000")
	$(BIN)/python -m benchmarks.interrupts $(ARGS)

fuzz: $(MARK)  ## every test with made-up examples: others each time, and many (FUZZ_EXAMPLES=2000)
	FUZZ_EXAMPLES=$(or $(FUZZ_EXAMPLES),20000) $(BIN)/pytest -q -m hypothesis $(ARGS)

clean:
	rm -rf $(VENV) $(BENCH) .mypy_cache .ruff_cache .pytest_cache .hypothesis .cache build site dist

$(MARK): pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("realtimekit needs Python 3.11 or newer: make PYTHON=python3.12" if sys.version_info < (3, 11) else 0)'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --no-compile --editable '.[all]' --group dev  # most of it is never imported
	touch $(MARK)

$(BENCH)/.installed:
	$(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/python -m pip install --quiet --upgrade 'pip>=25.1' 'matplotlib>=3.10'
	echo "*" > $(BENCH)/.gitignore
	touch $@
