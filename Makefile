SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
MAKEFLAGS += --warn-undefined-variables --no-builtin-rules --no-print-directory

PYTHON := python3
BIN := .venv/bin
ARGS ?=

.PHONY: run test lint generate bench faults lock clean help web

run: environment-run web ## Start everything on this machine; prints the dashboard's address
	@exec $(BIN)/python -m quarterdeck_server.cli up $(ARGS)

test: environment-dev environment-generate ## Run every check and every test
	@$(PYTHON) tools/lint.py lint build test
	@$(PYTHON) tools/browser.py
	$(BIN)/python -m pytest --cov --cov-report= $(ARGS)
	@$(BIN)/coverage report $(if $(ARGS),,--fail-under=90) --format=total | sed "s/.*/coverage: & %/"

lint: environment-dev environment-generate ## Check style, types, laws, contracts and generated code
	@$(PYTHON) tools/lint.py

generate: environment-dev environment-generate ## Write the code that comes from the contracts
	@$(PYTHON) tools/web.py install
	.tools/generate/bin/python tools/generate.py
	$(BIN)/python tools/rpcs.py
	$(BIN)/python tools/unasync.py

bench: environment-dev web ## Measure, and write docs/benchmarks
	$(BIN)/python -m tests.load $(ARGS)

faults: environment-dev web ## Break everything at full length, and write tests/output/faults.md
	QUARTERDECK_FAULTS=full $(BIN)/python -m pytest tests/faults tests/fuzz -s $(ARGS)

lock: environment-dev ## Compile requirements/; ARGS=--upgrade for newer versions
	@$(PYTHON) tools/lock.py $(ARGS)

clean: ## Remove what was made here; data in .quarterdeck stay
	rm -rf .venv .tools .mypy_cache .pytest_cache .ruff_cache .hypothesis clients/node_modules clients/*/dist

help: ## List these targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

environment-run environment-dev environment-generate: environment-%:
	@$(PYTHON) tools/bootstrap.py
	@$(PYTHON) tools/environment.py $*

web: environment-run
	@$(PYTHON) tools/web.py build
