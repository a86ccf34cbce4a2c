# Two commands on a fresh machine: `make report` and `make test`. The others are listed by `make help`.

PYTHON = python3
VENV = .venv
BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip --disable-pip-version-check -q
SAMPLE = datasets/samples/harbour-bridge.txt
RUN = run
MODEL = models/fast
CORPORA = datasets/corpora

.POSIX:
.PHONY: help report test check lint types bench soak model readme dist clean

help:
	@echo 'make report  install into $(VENV) and scan a sample dump; the last line is the path of the report'
	@echo 'make test    install what the tests need and run them'
	@echo 'make check   lint and types'
	@echo 'make bench   measure the rate of the whole way and of its stages'
	@echo 'make soak    long fuzzing of all readers'
	@echo 'make model   train $(MODEL) again from its recipe, and write its figures into README.md'
	@echo 'make readme  write the figures of $(MODEL) into README.md'
	@echo 'make dist    build the wheel and the source archive'
	@echo 'make clean   remove what the above made'

report: $(VENV)/.installed
	@rm -rf $(RUN)
	@$(BIN)/moderation scan $(SAMPLE) -o $(RUN)

test: $(VENV)/.tested
	$(BIN)/python -m pytest -n 2 -m 'not slow'

check: lint types

lint: $(VENV)/.developed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.developed
	$(BIN)/mypy --strict moderation

bench: $(VENV)/.tested
	$(BIN)/python benchmarks/throughput.py

soak: $(VENV)/.tested
	MODERATION_MUTATIONS=10000 $(BIN)/python -m pytest tests/score/test_fuzz.py -m slow

model: $(VENV)/.installed
	$(BIN)/moderation train $(MODEL)/recipe.toml -o $(MODEL) --corpora $(CORPORA)
	$(BIN)/python benchmarks/readme_table.py

readme: $(VENV)/.installed
	$(BIN)/python benchmarks/readme_table.py

dist: $(VENV)/.tested
	$(BIN)/python -m build

clean:
	rm -rf $(VENV) $(RUN) dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/.made:
	$(PYTHON) -m venv $(VENV)
	@touch $@

# Editable, so that a changed source file needs no new installation: only changed dependencies do.
$(VENV)/.installed: $(VENV)/.made pyproject.toml
	$(PIP) install -e .
	@touch $@

$(VENV)/.tested: $(VENV)/.made pyproject.toml
	$(PIP) install -e '.[test]'
	@touch $@ $(VENV)/.installed

$(VENV)/.developed: $(VENV)/.made pyproject.toml
	$(PIP) install -e '.[dev]'
	@touch $@ $(VENV)/.tested $(VENV)/.installed
