# Everything here sets itself up: a fresh machine needs only Python 3.10+ and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help demo test faults lint types format dashboards dashboards-schema

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(VENV)/.dev: $(VENV)/.installed
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

demo: $(VENV)/.installed ## run against a simulated Z-API; no configuration, no credentials
	$(BIN)/zapi-exporter --demo

test: $(VENV)/.dev ## the whole suite; installs Prometheus and Chromium where it can
	@$(BIN)/python -m tests.real_parts
	$(BIN)/pytest -n 2 $(PYTEST_ARGS)

faults: $(VENV)/.dev ## produce every fault there is, and say of each what was promised and what was seen
	@$(BIN)/python -m tests.faults

.PHONY: soak
soak: $(VENV)/.dev ## all faults at once with memory watched; DURATION=8h for a night
	$(BIN)/python -m tests.promises.soak --duration=$(or $(DURATION),10m)

lint: $(VENV)/.dev ## ruff
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(VENV)/.dev ## let ruff rewrite
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(VENV)/.dev ## mypy --strict
	$(BIN)/mypy
	$(BIN)/mypy --python-version 3.11 --package grafana.build

dashboards: $(VENV)/.dev ## write grafana/dashboards from grafana/build
	$(BIN)/python -m grafana.build

dashboards-schema: ## write grafana/schema/dashboard.schema.json from Grafana's types; needs npm
	cd grafana/schema && npm install --ignore-scripts --no-package-lock --no-audit --no-fund
	cd grafana/schema && npx tsc --project . && npx ts-json-schema-generator --path dashboard.ts \
	  --tsconfig tsconfig.json --type Dashboard --no-type-check --jsDoc none --out dashboard.schema.json
