# Two commands do everything: `make demo` and `make test`. Each sets up what it needs, in .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
BENCH := .venv-bench
MARK := $(VENV)/.installed

.PHONY: demo test check unit typecheck lint format bench soak fuzz clean

demo: $(MARK)  ## the main job, on an emulator of its own
	$(BIN)/realtimekit demo

test: check unit  ## everything that must hold

check: lint typecheck

lint: $(MARK)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

typecheck: $(MARK)
	$(BIN)/mypy
	$(BIN)/pyright
	$(BIN)/pytest -q tests/test_package.py::test_every_public_type_is_complete

unit: $(MARK)
	$(BIN)/pytest -n auto

format: $(MARK)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(BENCH)/.installed  ## beside the official package: benchmarks/README.md
	$(BENCH)/bin/python -m benchmarks $(ARGS)

soak: $(MARK)  ## ten minutes of every kind of call: whether anything grows (Linux; ARGS="--seconds 60 --calls 5000")
	$(BIN)/python -m benchmarks.soak $(ARGS)

fuzz: $(MARK)  ## tests/fuzz with other examples each time, and many (FUZZ_EXAMPLES=2000)
	FUZZ_EXAMPLES=$(or $(FUZZ_EXAMPLES),20000) $(BIN)/pytest -q tests/fuzz $(ARGS)

clean:
	rm -rf $(VENV) $(BENCH) .mypy_cache .ruff_cache .pytest_cache .hypothesis dist

$(MARK): pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("realtimekit needs Python 3.11 or newer: make PYTHON=python3.12" if sys.version_info < (3, 11) else 0)'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --editable '.[all]' --group dev
	touch $(MARK)

$(BENCH)/.installed:
	$(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/python -m pip install --quiet --upgrade 'pip>=25.1' 'matplotlib>=3.10'
	echo "*" > $(BENCH)/.gitignore
	touch $@
