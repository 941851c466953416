# Two commands: `make assess` runs the main job, `make test` the tests. Both set everything up.
# Needs Python >= 3.11 with pip and venv; uses uv when it is there.

PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed

.PHONY: assess test setup lint bench clean

assess: setup
	$(BIN)/codeblue assess --gap

test: setup
	$(BIN)/python -m pytest

setup: $(STAMP)

# Quoted by hand where a path may hold a space: make itself only sees relative names.
$(STAMP): requirements.lock pyproject.toml
	@./tools/setup "$(PYTHON)"
	@touch $(STAMP)

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

clean:
	rm -rf .venv .codeblue build dist
