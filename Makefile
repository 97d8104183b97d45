# All targets set up what they need: a new machine needs only Python 3.10+ and make.
PYTHON ?= python3
SPEED ?= 6
VENV := .venv
BIN := $(VENV)/bin
DIST ?= dist
# Processes that run tests: about half of the time a test waits for another process or a deadline.
WORKERS ?= 4

# The suite starts Python some thousand times: what is compiled once is kept, whatever the caller's shell says.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo stack check test test-oldest coverage faults lint types format dashboards dashboards-schema lock packages sbom test-pythons

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(VENV)/.dev: $(VENV)/.installed
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

$(VENV)/.check: $(VENV)/.installed
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[check]'
	touch $@

demo: $(VENV)/.installed ## run the exporter with a simulated Z-API; no configuration and no credentials needed
	$(BIN)/zapi-exporter --demo

stack: $(VENV)/.installed ## run the demo with Prometheus and Alertmanager, and show the messages in the terminal
	@$(BIN)/python -m stack --speed=$(SPEED) $(STACK_ARGS)

check: $(VENV)/.check ## lint, types, unit tests, and tests of the shipped files; takes about a minute
	@$(MAKE) --no-print-directory --jobs=3 --output-sync quick-types quick-lint quick-tests

.PHONY: quick-lint quick-types quick-tests
quick-lint:
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .

quick-types:
	@$(BIN)/mypy

quick-tests:
	@HYPOTHESIS_PROFILE=quick $(BIN)/pytest -q -n 3 --dist worksteal \
	  -m 'not needs and not installs and not nightly and not slow' tests/unit tests/shipped $(PYTEST_ARGS)

$(VENV)/.packages: $(VENV)/.installed
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[packages]'
	touch $@

test: $(VENV)/.dev ## run the whole suite; installs Prometheus and browsers if possible
	@$(BIN)/python -m harness.real_parts
	$(BIN)/pytest -n $(WORKERS) --dist worksteal --durations=50 --junitxml=.reports/test.xml $(PYTEST_ARGS)

.PHONY: test-newer
test-newer: $(VENV)/.dev ## test the rules and the chain with the newer Prometheus and Alertmanager of the next Debian releases
	@$(BIN)/python -m harness.real_parts
	$(BIN)/python -m harness.newer_parts $(BIN)/pytest $(or $(PYTEST_ARGS),tests/shipped/prometheus tests/system/chain \
	  tests/system/end_to_end/test_receivers.py --deselect tests/shipped/prometheus/test_rule_mutations.py)

.PHONY: nightly
nightly: $(VENV)/.dev ## run the long tests: the image, incidents with restarts, all drawings, mutants of rules; takes hours
	@$(BIN)/python -m harness.real_parts
	$(BIN)/pytest -m nightly --durations=0 $(PYTEST_ARGS)

coverage: $(VENV)/.check ## show the branches that the unit tests reach; writes .reports/coverage
	$(BIN)/pytest -q -n 2 --cov=exporter --cov-branch --cov-report=term:skip-covered --cov-report=html:.reports/coverage \
	  tests/unit

faults: $(VENV)/.dev ## produce every known fault, and print the expected and the observed result
	@$(BIN)/python -m tests.system.faults

.PHONY: soak
soak: $(VENV)/.dev ## run all faults at once and watch the memory; for a night: DURATION=8h
	$(BIN)/python -m tests.system.promises.soak --duration=$(or $(DURATION),10m)

.PHONY: fuzz
fuzz: $(VENV)/.dev ## fuzz replies, configurations and requests, guided by coverage if possible; DURATION=1h
	-$(BIN)/pip install --quiet --disable-pip-version-check --only-binary=:all: --editable '.[fuzz]'
	$(BIN)/python -m tests.system.fuzz --duration=$(or $(DURATION),2m)

PYTHONS ?= $(foreach minor,10 11 12 13 14,$(shell python3.$(minor) -c 'import sys; print(sys.executable)' 2>/dev/null))

test-oldest: ## run the unit tests with the oldest supported dependencies; `make test` uses the newest
	$(PYTHON) -m venv --clear .venv-oldest
	.venv-oldest/bin/pip install --quiet --disable-pip-version-check uv
	.venv-oldest/bin/uv pip install --quiet --python .venv-oldest --editable '.[check]'
	.venv-oldest/bin/uv pip install --quiet --python .venv-oldest --resolution lowest-direct --reinstall --editable .
	.venv-oldest/bin/pytest -q -n 2 -m 'not needs and not installs and not nightly' tests/unit

test-pythons: ## run the whole suite with every Python of PYTHONS, each in its own environment
	@set -e; for python in $(PYTHONS); do \
	  version=$$($$python -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
	  echo "Python $$version"; $(MAKE) test PYTHON=$$python VENV=.venv-$$version; \
	done

.PHONY: bench
bench: $(VENV)/.dev ## compare with similar exporters, in twenty minutes; for a part: BENCH_ARGS="--only=polls"
	$(BIN)/python -m bench $(BENCH_ARGS)

lint: $(VENV)/.dev ## run ruff
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(VENV)/.dev ## format the code with ruff
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(VENV)/.dev ## run mypy --strict
	$(BIN)/mypy
	if $(BIN)/pip show --quiet grafana-foundation-sdk; then $(BIN)/mypy --python-version 3.11 --package grafana.build; fi

rule-tests: $(VENV)/.dev ## generate prometheus/tests from tests/shipped/prometheus
	$(BIN)/python -m tests.shipped.prometheus.rule_tests

test-rules: ## run the unit tests of the rules with PROMTOOL, for example a newer promtool
	cd prometheus/tests && TZ=UTC $(or $(PROMTOOL),promtool) test rules *.yaml

mutants: $(VENV)/.dev ## check that small mistakes in the rules fail their unit tests; NUMBERS=0123456789 for all: hours
	ZAPI_MUTANTS=$(NUMBERS) $(BIN)/pytest -n 2 -m nightly tests/shipped/prometheus/test_rule_mutations.py

$(VENV)/.mutation: $(VENV)/.installed
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[mutation]'
	touch $@

mutants-python: $(VENV)/.mutation ## check that small mistakes in the exporter fail its unit tests; PACKAGE=fleet, NUMBERS=0123456789 for all
	$(BIN)/python -m tests.mutation $(addprefix --package=,$(PACKAGE)) $(addprefix --numbers=,$(NUMBERS))

.PHONY: rule-tests test-rules mutants mutants-python
dashboards: $(VENV)/.dev ## generate grafana/dashboards from grafana/build
	$(BIN)/python -m grafana.build

.PHONY: draw-dashboards
draw-dashboards: $(VENV)/.dev ## render the dashboards with Grafana's packages, from `make stack` or PROMETHEUS_URL; needs npm
	$(BIN)/python -m grafana.draw --prometheus=$(or $(PROMETHEUS_URL),http://localhost:9090) $(DRAW_ARGS)

dashboards-schema: ## generate grafana/schema/dashboard.schema.json from Grafana's types; needs npm
	cd grafana/schema && npm install --ignore-scripts --no-package-lock --no-audit --no-fund
	cd grafana/schema && npx tsc --project . && npx ts-json-schema-generator --path dashboard.ts \
	  --tsconfig tsconfig.json --type Dashboard --no-type-check --jsDoc none --out dashboard.schema.json

# Versions that are two weeks old have been looked at by others; hashes of every platform make one file do for all.
LOCK := $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.10 --generate-hashes --no-annotate \
	--no-emit-index-url --exclude-newer '2 weeks' --custom-compile-command 'make lock'

lock: $(VENV)/.dev ## update the dependencies in the lock files
	$(LOCK) --output-file requirements.lock pyproject.toml
	printf '%s\n' hatchling hatch-fancy-pypi-readme | $(LOCK) --output-file requirements-build.lock -

packages: $(VENV)/.packages ## build the wheel and the sdist, reproducibly
	rm -f $(DIST)/zapi_exporter-*
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) $(BIN)/python -m build --no-isolation --outdir $(DIST)

.PHONY: deb
deb: packages ## build the Debian package for the Debian release and architecture of this machine
	rm -f $(DIST)/zapi-exporter_*.deb
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) $(BIN)/python -m deploy.debian --wheel=$$(ls $(DIST)/*.whl) --output=$(DIST)

sbom: $(VENV)/.dev ## write the bill of materials of what the lock file installs
	$(BIN)/python -m venv --clear --without-pip $(DIST)/environment
	$(BIN)/pip --python $(DIST)/environment install --quiet --no-compile --require-hashes -r requirements.lock
	$(BIN)/pip --python $(DIST)/environment install --quiet --no-compile --no-deps .
	$(BIN)/cyclonedx-py environment --output-reproducible --output-file $(DIST)/zapi-exporter.cdx.json \
		$(DIST)/environment
	rm -rf $(DIST)/environment
