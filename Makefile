# Two commands on a fresh machine: `make report` and `make test`. The others are listed by `make help`.

PYTHON = python3
VENV = .venv
BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip --disable-pip-version-check -q
SAMPLE = datasets/samples/harbour-bridge.txt
RUN = run
MODEL = models/fast
CORPORA = datasets/corpora
SITE = build/site
LOWEST = .venv-lowest

.POSIX:
.PHONY: help setup report test check lint types api docs notebooks lowest bench soak corpora model readme screenshots dist clean

help:
	@echo 'make report  install into $(VENV) and scan a sample dump; the last line is the path of the report'
	@echo 'make test    install what the tests need and run them'
	@echo 'make setup   everything for working on the project, and the checks before each commit'
	@echo 'make check   lint and types'
	@echo 'make api     accept the public names and signatures as they are now'
	@echo 'make docs    the documentation as a site; ends with the path of its first page'
	@echo 'make notebooks  run all notebooks'
	@echo 'make lowest  the tests with the lowest versions of all dependencies'
	@echo 'make bench   measure the rate of the whole way and of its stages'
	@echo 'make soak    long fuzzing of all readers'
	@echo 'make corpora fetch what $(MODEL) is trained on into $(CORPORA), as far as it is published'
	@echo 'make model   train $(MODEL) again from its recipe, and write its figures into README.md'
	@echo 'make readme  write the figures of $(MODEL) into README.md'
	@echo 'make screenshots  take the pictures in docs/images again (needs Chromium)'
	@echo 'make dist    build the wheel and the source archive'
	@echo 'make clean   remove what the above made'

setup: $(VENV)/.developed
	@if [ -d .git ]; then $(BIN)/pre-commit install; fi
	@echo 'ready: . $(BIN)/activate'

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

api: $(VENV)/.tested
	$(BIN)/python tests/docs/public_api.py

docs: $(VENV)/.documented
	$(BIN)/sphinx-build -q -W --keep-going -E -b html -c docs/site . $(SITE)
	@echo $(SITE)/docs/index.html

notebooks: $(VENV)/.tested
	$(BIN)/python -m pytest tests/docs/test_notebooks.py -m 'slow or not slow'

lowest: $(VENV)/.made
	$(PIP) install uv
	$(BIN)/uv venv -q --clear --python $(BIN)/python $(LOWEST)
	$(BIN)/uv pip install -q --python $(LOWEST)/bin/python --resolution lowest-direct -e '.[test]'
	$(LOWEST)/bin/python -m pytest -n 2 -m 'not slow and not samples'

bench: $(VENV)/.tested
	$(BIN)/python benchmarks/throughput.py

soak: $(VENV)/.tested
	MODERATION_MUTATIONS=10000 $(BIN)/python -m pytest tests/score/test_fuzz.py -m slow
	MODERATION_MUTATIONS=10000 $(BIN)/python -m pytest tests/ingest/test_fuzz_formats.py
	$(BIN)/python benchmarks/serve.py --soak 600

corpora: $(VENV)/.installed
	$(PIP) install -e '.[train]'
	$(BIN)/moderation corpora fetch --recipe $(MODEL)/recipe.toml --corpora $(CORPORA)

model: $(VENV)/.installed
	$(BIN)/moderation train $(MODEL)/recipe.toml -o $(MODEL) --corpora $(CORPORA)
	$(BIN)/python benchmarks/perspective_scale.py --corpora $(CORPORA)
	$(BIN)/python benchmarks/readme_table.py

readme: $(VENV)/.installed
	$(BIN)/python benchmarks/readme_table.py

screenshots: $(VENV)/.installed
	$(PIP) install -e '.[browser,review]'
	$(BIN)/python docs/screenshots.py

dist: $(VENV)/.tested
	$(BIN)/python -m build

clean:
	rm -rf $(VENV) $(LOWEST) $(RUN) dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis

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

$(VENV)/.documented: $(VENV)/.made pyproject.toml
	$(PIP) install -e '.[docs]'
	@touch $@ $(VENV)/.installed
