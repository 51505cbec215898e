# Everything runs in .venv, which is made from requirements.lock when it is missing or older.
PYTHON ?= python3
VENV := .venv
INSTALLED := $(VENV)/.installed
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
# Some machines set it; without bytecode, each process would compile its imports again.
unexport PYTHONDONTWRITEBYTECODE
# Threads that wait for each other spin by default, which takes the processors from other tests.
export GOMP_SPINCOUNT := 1000
# tests wait for kernels, servers and browsers, so one more than there are processors is quicker
WORKERS := $(shell $(PYTHON) -c 'import os; print(min(4, (os.cpu_count() or 1) + 1))')
LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --all-extras \
	--group flights --group dev pyproject.toml

.PHONY: repro test test-slow test-warm test-build check bench lab lock install help
.DEFAULT_GOAL := help

help: ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

repro: install ## build the flight-delay pipeline, ending with what was built and how good it is
	dvc repro
	@stagebook deliver > /dev/null
	@stagebook summary

test: install ## run the tests, but for those that take minutes
	pytest -m "not build and not slow" -n $(WORKERS) --dist worksteal

test-slow: install ## run stages that crash, hang, trip over walls or lose their tracker
	pytest -m slow -n $(WORKERS) --dist worksteal

test-warm: install ## run the tests of ends, signals and walls again in warm processes
	STAGEBOOK_TESTS_WARM=1 pytest -n $(WORKERS) --dist worksteal tests/end_to_end/test_endings.py \
		tests/end_to_end/test_walls.py tests/end_to_end/test_interruptions.py \
		tests/end_to_end/test_sandbox_view.py

test-build: install ## build the whole pipeline twice and hold the two against each other
	pytest -m build

check: install ## ruff, mypy, import-linter, workflows, lock file, dvc.yaml
	ruff format --check .
	ruff check .
	mypy
	lint-imports
	check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml docs/workflows/github/*.yml
	check-jsonschema --builtin-schema vendor.gitlab-ci docs/workflows/gitlab/*.yml
	zizmor --offline --quiet --config .github/zizmor.yml .github/workflows/*.yml docs/workflows/github/*.yml
	shellcheck -x .ci/run docs/workflows/ci/*
	@cp requirements.lock $(VENV)/requirements.lock
	@$(LOCK) --output-file $(VENV)/requirements.lock
	@for file in requirements.lock $(VENV)/requirements.lock; do \
		grep -oE '^[a-zA-Z0-9._-]+==[^ ]+' $$file > $(VENV)/$$(echo $$file | tr / _).pins; done
	@diff $(VENV)/requirements.lock.pins $(VENV)/$(VENV)_requirements.lock.pins \
		|| { echo "requirements.lock does not fit pyproject.toml: make lock"; exit 1; }
	stagebook sync --check

bench: install ## compare a build of four stages with other ways to build it (an hour)
	python benchmarks/builds.py
	python benchmarks/build_processes.py

lab: install ## open JupyterLab on the notebooks
	jupyter lab notebooks

lock: install ## renew requirements.lock, keeping what still fits
	$(LOCK) --output-file requirements.lock

install: $(INSTALLED)

$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed: make PYTHON=python3.12 repro"; exit 1; }
	@echo "Installing into $(VENV) (two minutes the first time)"
	@test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	@# the lock file is whole; pip would ask for hashes of extras that it does not list apart
	@python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
		--requirement requirements.lock
	@python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation \
		--editable .
	@touch $@
