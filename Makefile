# Each target makes its own .venv and installs what it needs: the first call takes minutes, the next none.
# make test ARGS="tests/test_loop.py -x"      make PYTHON=python3.12 demo
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
ARGS   ?=
# without TensorFlow's greetings
export TF_CPP_MIN_LOG_LEVEL ?= 3

.DEFAULT_GOAL := help
.PHONY: help demo test bench lint clean
.NOTPARALLEL:

help:  ## what you are reading
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-6s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/has-plots  ## train wide-and-deep on the Adult census beside a scikit-learn baseline
	$(BIN)/python examples/census_wide_and_deep.py $(ARGS)

test: $(VENV)/has-tests $(VENV)/has-plots  ## run the test suite on two workers
	$(BIN)/python -m pytest -n 2 --dist worksteal $(ARGS)

bench: $(VENV)/has-benchmarks  ## print quality and speed beside the peers
	$(BIN)/python -m benchmarks.quality
	$(BIN)/python -m benchmarks.speed
	$(BIN)/python -m benchmarks.kmeans
	$(BIN)/python -m benchmarks.svm
	$(BIN)/python -m benchmarks.forest
	$(BIN)/python -m benchmarks.streams
	$(BIN)/python -m benchmarks.export

lint: $(VENV)/has-lint  ## check style with ruff
	$(BIN)/python -m ruff check .

clean:  ## remove .venv, caches and the demo's output
	rm -rf $(VENV) build *.egg-info demo_output .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The environment itself; made again whenever it was left half made.
$(VENV)/made:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed (scikit-learn 1.9 asks for it), this is " + sys.version) if sys.version_info < (3, 11) else 0'
	@$(PYTHON) -m venv --clear $(VENV)
	@touch $@

# One stamp for each extra of setup.py; a changed setup.py installs again.
$(VENV)/has-%: setup.py $(VENV)/made
	@echo "installing tflearnkit[$*] into $(VENV) (minutes the first time)"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -e '.[$*]'
	@touch $@
