# Every target sets up .venv by itself. `make help` lists them.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# One process more than processors: engine, CLI and containers have the tests wait now and then.
WORKERS := $(shell $(PYTHON) -c "import os; print((os.cpu_count() or 1) + 1)")
PYTEST := $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder
# Else each process of the tests and of a local run compiles all that it imports.
unexport PYTHONDONTWRITEBYTECODE
GIVEN := INPUT REFERENCE SCRIPT SLOT SCHEDULE ENGINE FAULT KEEP
# The shell reads what a person gives from its environment, where quotes and dollars mean nothing.
$(foreach name,$(GIVEN) STACK NAME OF REGION,$(eval export GIVEN_$(name) := $$(value $(name))))
MISSPELT = $(strip $(foreach name,$(.VARIABLES),\
	$(if $(filter command,$(origin $(name))),$(filter-out $(GIVEN) PYTHON,$(name)))))
# A project of `pulumi new` is no repository before its first `git init`.
GREP = git grep --no-index --exclude-standard -lE
SHELL_FILES = $(shell $(GREP) '' -- '*.sh' .ci/run)
PYTHON_FILES = . $(shell $(GREP) "^..?/usr/bin/env.*python" container)

.PHONY: help doctor setup local drill first-account new-stack lint unit engine test check format lock docs

help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(VENV)/installed: requirements-dev.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	test -x $(BIN)/uv || $(BIN)/pip install --quiet --disable-pip-version-check \
		--require-hashes -r <(sed -n '/^uv==/,/[^\]$$/p' requirements-dev.txt)
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python \
		--require-hashes -r requirements-dev.txt
	touch $@

doctor: ## Say what this machine lacks, and the way out
	@$(PYTHON) -m ops.this_machine

setup: $(VENV)/installed ## Install everything into .venv

local: setup ## Run one slot on this machine (INPUT= REFERENCE= SCRIPT= SLOT= SCHEDULE= ENGINE= FAULT= KEEP=)
	$(if $(MISSPELT),$(error make local takes $(GIVEN), and no $(MISSPELT)))
	@set -f; $(BIN)/python -m local $${GIVEN_INPUT:+"--input=$$GIVEN_INPUT"} \
		$${GIVEN_REFERENCE:+"--reference=$$GIVEN_REFERENCE"} \
		$${GIVEN_SCRIPT:+"--script=$$GIVEN_SCRIPT"} $${GIVEN_SLOT:+"--slot=$$GIVEN_SLOT"} \
		$${GIVEN_SCHEDULE:+"--schedule=$$GIVEN_SCHEDULE"} \
		$${GIVEN_ENGINE:+"--engine=$$GIVEN_ENGINE"} \
		$${GIVEN_FAULT:+$$(printf -- '--fault=%s ' $$GIVEN_FAULT)} \
		$(if $(filter no,$(value KEEP)),,$${GIVEN_KEEP:+--keep})

drill: setup ## Lose a region of the embedded AWS in several ways, and recover
	@$(BIN)/python -m local.drill

first-account: setup ## Answer docs/first-account.md by looks at a deployed stack (STACK= RUN=yes)
	$(if $(value STACK),,$(error make first-account takes a STACK, as in Pulumi.<stack>.yaml, or local))
	@$(BIN)/python -m acceptance.first_account "--stack=$$GIVEN_STACK" \
		$(if $(filter-out no,$(value RUN)),--run)

new-stack: setup ## Write a commented Pulumi.NAME.yaml, or the pilot light of a stack (NAME= OF= REGION=)
	@$(BIN)/python -m components.settings.new_stack "$$GIVEN_NAME" "$$GIVEN_OF" "$$GIVEN_REGION"

.PHONY: test-aws
test-aws: setup ## Test a deployed stack, or the local one, by its schedule canary (STACK= SCHEDULE= INPUT=)
	$(if $(value STACK),,$(error make test-aws takes a STACK, as in Pulumi.<stack>.yaml, or local))
	@$(BIN)/python -m acceptance "--stack=$$GIVEN_STACK" \
		$${GIVEN_SCHEDULE:+"--schedule=$$GIVEN_SCHEDULE"} $${GIVEN_INPUT:+"--input=$$GIVEN_INPUT"}

unit: setup ## Run the fast tests: no engine, no embedded AWS, no container
	$(PYTEST) -m unit $(addprefix --ignore=tests/,engine local container)

engine: setup ## Run the tests under the real Pulumi CLI, which has to be on PATH
	$(PYTEST) -m engine

test: setup ## Run all tests
	$(PYTEST)

lint: setup ## Check format, style, types and imports
	$(BIN)/ruff format --check $(PYTHON_FILES)
	$(BIN)/ruff check $(PYTHON_FILES)
	$(BIN)/pyright
	PYTHONPATH=lambda $(BIN)/lint-imports --no-logo
	$(BIN)/shellcheck $(SHELL_FILES)
	$(BIN)/hadolint container/Dockerfile
	$(BIN)/actionlint -shellcheck $(BIN)/shellcheck .github/workflows/*.yml
	$(BIN)/zizmor --offline --quiet --persona=auditor .github

check: lint test ## What CI runs: lint, then all tests

format: setup ## Format the Python files
	$(BIN)/ruff format $(PYTHON_FILES)
	$(BIN)/ruff check --fix $(PYTHON_FILES)

lock: setup ## Compile the hash-pinned requirements from the .in files
	for name in container/scripts/requirements requirements requirements-dev \
		benchmarks/requirements examples/spark/requirements; do \
		$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
			--no-emit-index-url --no-annotate $$name.in -o $$name.txt; \
	done

docs: setup ## Write docs/configuration.md, first-account.md and inventory/, and parts of security.md
	$(BIN)/python -m tests.components.settings.document
	$(BIN)/python -m tests.security.document
	$(BIN)/python -m tests.inventory
	$(BIN)/python -m tests.acceptance.first_account.document
