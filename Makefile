PYTHON ?= python3
PYTEST_FLAGS ?= -n auto --maxprocesses 4 --dist worksteal
PIP_FLAGS := --quiet --disable-pip-version-check
DEV := .venv
DEMO := .venv-demo
SOURCES := pyproject.toml README.md LICENSE $(shell find sevenllm_bench task_yamls -type f -not -name '*.pyc' 2>/dev/null)

.PHONY: help demo corpus-demo test coverage test-next test-trackers lint bench tasks clean

help:
	@echo "make demo   evaluate a tiny checkpoint on all 58 tasks, fine-tune it, evaluate it again, write a report; offline but for installing (under 4 minutes)"
	@echo "make corpus-demo  from a folder of reports to a training corpus and a tiny model tuned on it; offline but for installing, with a scripted model (minutes)"
	@echo "make test   run the test suite"
	@echo "make coverage  the same with coverage measured, in nearly twice the time"
	@echo "make test-next  the harness's tests with the newest pre-release of lm-eval; may fail"
	@echo "make test-trackers  fine-tuning with wandb, mlflow and trackio, which it installs (270 MB)"
	@echo "make lint   ruff and mypy"
	@echo "make bench  measure speed (ratios against reference implementations)"
	@echo "make tasks  write task_yamls/ from the catalogue"
	@echo "make clean  remove environments and outputs"

demo:
	@echo "The demo takes 3 minutes on two idle cores, one of them for installing into $(DEMO); longer where packages are downloaded or other programs run."
	@$(MAKE) --no-print-directory $(DEMO)/.installed
	@bash examples/demo.sh $(DEMO)/bin

corpus-demo: $(DEMO)/.installed-corpus
	@bash examples/corpus.sh $(DEMO)/bin

test: $(DEV)/.installed
	$(DEV)/bin/python -m pytest $(PYTEST_FLAGS)

coverage: $(DEV)/.installed
	$(DEV)/bin/python -m pytest $(PYTEST_FLAGS) --cov --cov-report=term

test-next: $(DEV)/.installed
	@rm -rf .lm-eval-next && $(DEV)/bin/python -m pip install $(PIP_FLAGS) --pre --no-deps --target .lm-eval-next lm-eval
	SEVENLLM_ANY_LM_EVAL=1 PYTHONPATH=.lm-eval-next $(DEV)/bin/python -m pytest -q tests/harness

test-trackers: $(DEV)/.installed
	$(DEV)/bin/python -m pip install $(PIP_FLAGS) --constraint constraints.txt --editable '.[trackers]'
	$(DEV)/bin/python -m pytest -q tests/finetune/test_trackers.py

lint: $(DEV)/.installed
	$(DEV)/bin/ruff check .
	$(DEV)/bin/ruff format --check .
	$(DEV)/bin/mypy

bench: $(DEV)/.installed
	$(DEV)/bin/python tests/perf/bench.py

tasks: $(DEV)/.installed
	$(DEV)/bin/sevenllm-bench tasks generate task_yamls

# The checkout, editable, with all that tests need.
$(DEV)/.installed: pyproject.toml constraints.txt
	@echo "Setting up $(DEV) for tests (a minute or two) …"
	@$(PYTHON) -m venv $(DEV)
	@$(DEV)/bin/python -m pip install $(PIP_FLAGS) --constraint constraints.txt --editable '.[hf,dev]'
	@touch $@

# As a user installs it: a wheel, not the checkout. Compiling every module of every package would take longer than the demo;
# Python compiles those that are used, when they are first used.
$(DEMO)/.installed: $(SOURCES) constraints.txt
	@echo "Setting up $(DEMO) (a minute or two) …"
	@test -x $(DEMO)/bin/python || $(PYTHON) -m venv $(DEMO)
	@$(DEMO)/bin/python -m pip install $(PIP_FLAGS) --no-compile --constraint constraints.txt '.[train]'
	@touch $@

$(DEMO)/.installed-corpus: $(DEMO)/.installed
	@echo "Adding the extra corpus to $(DEMO) (some seconds) …"
	@$(DEMO)/bin/python -m pip install $(PIP_FLAGS) --no-compile --constraint constraints.txt '.[corpus,train]'
	@touch $@

clean:
	rm -rf $(DEV) $(DEMO) .lm-eval-next dist build demo-output corpus-output .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage*
