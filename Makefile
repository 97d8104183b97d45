# Everything here sets itself up: a fresh machine needs only Python 3.10+ and make.
PYTHON ?= python3
SPEED ?= 6
VENV := .venv
BIN := $(VENV)/bin
DIST ?= dist

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

demo: $(VENV)/.installed ## run against a simulated Z-API; no configuration, no credentials
	$(BIN)/zapi-exporter --demo

stack: $(VENV)/.installed ## the demo with Prometheus and Alertmanager beside it, and its messages in the terminal
	@$(BIN)/python -m stack --speed=$(SPEED) $(STACK_ARGS)

check: $(VENV)/.check ## lint, types, unit tests and what is shipped as text: what is wrong, in a minute
	@$(MAKE) --no-print-directory --jobs=3 --output-sync quick-lint quick-types quick-tests

.PHONY: quick-lint quick-types quick-tests
quick-lint:
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .

quick-types:
	@$(BIN)/mypy

quick-tests:
	@HYPOTHESIS_PROFILE=quick $(BIN)/pytest -q -n 2 --dist worksteal \
	  -m 'not needs and not installs and not nightly and not slow' tests/unit tests/shipped $(PYTEST_ARGS)

$(VENV)/.packages: $(VENV)/.installed
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[packages]'
	touch $@

test: $(VENV)/.dev ## the whole suite; installs Prometheus and browsers where it can
	@$(BIN)/python -m harness.real_parts
	$(BIN)/pytest -n 2 --dist worksteal --durations=50 --junitxml=.reports/test.xml $(PYTEST_ARGS)

.PHONY: test-newer
test-newer: $(VENV)/.dev ## the rules and the chain with the newer Prometheus and Alertmanager of Debian's next releases
	$(BIN)/python -m harness.newer_parts $(BIN)/pytest $(or $(PYTEST_ARGS),tests/shipped/prometheus tests/system/chain \
	  tests/system/end_to_end/test_receivers.py --deselect tests/shipped/prometheus/test_rule_mutations.py)

.PHONY: nightly
nightly: $(VENV)/.dev ## what is long by nature: incidents with restarts, every drawing, mutants of rules; takes hours
	@$(BIN)/python -m harness.real_parts
	$(BIN)/pytest -m nightly --durations=0 $(PYTEST_ARGS)

coverage: $(VENV)/.check ## branches of the exporter that the unit tests reach; .reports/coverage has every line
	$(BIN)/pytest -q -n 2 --cov=exporter --cov-branch --cov-report=term:skip-covered --cov-report=html:.reports/coverage \
	  tests/unit

faults: $(VENV)/.dev ## produce every fault there is, and say of each what was promised and what was seen
	@$(BIN)/python -m tests.system.faults

.PHONY: soak
soak: $(VENV)/.dev ## all faults at once with memory watched; DURATION=8h for a night
	$(BIN)/python -m tests.system.promises.soak --duration=$(or $(DURATION),10m)

.PHONY: fuzz
fuzz: $(VENV)/.dev ## replies, configurations and requests, guided by coverage where it can; DURATION=1h
	-$(BIN)/pip install --quiet --disable-pip-version-check --only-binary=:all: --editable '.[fuzz]'
	$(BIN)/python -m tests.system.fuzz --duration=$(or $(DURATION),2m)

PYTHONS ?= $(foreach minor,10 11 12 13 14,$(shell python3.$(minor) -c 'import sys; print(sys.executable)' 2>/dev/null))

test-oldest: ## the unit tests with the oldest dependencies that are allowed; `make test` takes the newest
	$(PYTHON) -m venv --clear .venv-oldest
	.venv-oldest/bin/pip install --quiet --disable-pip-version-check uv
	.venv-oldest/bin/uv pip install --quiet --python .venv-oldest --editable '.[check]'
	.venv-oldest/bin/uv pip install --quiet --python .venv-oldest --resolution lowest-direct --reinstall --editable .
	.venv-oldest/bin/pytest -q -n 2 -m 'not needs and not installs and not nightly' tests/unit

test-pythons: ## the whole suite on every Python of PYTHONS, each in an environment of its own
	@set -e; for python in $(PYTHONS); do \
	  version=$$($$python -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
	  echo "Python $$version"; $(MAKE) test PYTHON=$$python VENV=.venv-$$version; \
	done

.PHONY: bench
bench: $(VENV)/.dev ## measure us beside our peers, in twenty minutes; BENCH_ARGS="--only=polls" for a part
	$(BIN)/python -m bench $(BENCH_ARGS)

lint: $(VENV)/.dev ## ruff
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(VENV)/.dev ## let ruff rewrite
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(VENV)/.dev ## mypy --strict
	$(BIN)/mypy
	if $(BIN)/pip show --quiet grafana-foundation-sdk; then $(BIN)/mypy --python-version 3.11 --package grafana.build; fi

rule-tests: $(VENV)/.dev ## write prometheus/tests from the stories of tests/shipped/prometheus
	$(BIN)/python -m tests.shipped.prometheus.rule_tests

test-rules: ## the unit tests of the rules with the promtool of PROMTOOL, for example a newer one
	cd prometheus/tests && TZ=UTC $(or $(PROMTOOL),promtool) test rules *.yaml

mutants: $(VENV)/.dev ## every small mistake in every rule must fail a unit test of the rules; takes hours
	ZAPI_ALL_MUTANTS=1 $(BIN)/pytest -n 2 -m nightly tests/shipped/prometheus/test_rule_mutations.py

.PHONY: rule-tests test-rules mutants
dashboards: $(VENV)/.dev ## write grafana/dashboards from grafana/build
	$(BIN)/python -m grafana.build

.PHONY: draw-dashboards
draw-dashboards: $(VENV)/.dev ## draw them with Grafana's packages, by `make stack` or another PROMETHEUS_URL; needs npm
	$(BIN)/python -m grafana.draw --prometheus=$(or $(PROMETHEUS_URL),http://localhost:9090) $(DRAW_ARGS)

dashboards-schema: ## write grafana/schema/dashboard.schema.json from Grafana's types; needs npm
	cd grafana/schema && npm install --ignore-scripts --no-package-lock --no-audit --no-fund
	cd grafana/schema && npx tsc --project . && npx ts-json-schema-generator --path dashboard.ts \
	  --tsconfig tsconfig.json --type Dashboard --no-type-check --jsDoc none --out dashboard.schema.json

# Versions that are two weeks old have been looked at by others; hashes of every platform make one file do for all.
LOCK := $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.10 --generate-hashes --no-annotate \
	--no-emit-index-url --exclude-newer '2 weeks' --custom-compile-command 'make lock'

lock: $(VENV)/.dev ## take newer dependencies into the lock files
	$(LOCK) --output-file requirements.lock pyproject.toml
	printf '%s\n' hatchling hatch-fancy-pypi-readme | $(LOCK) --output-file requirements-build.lock -

packages: $(VENV)/.packages ## wheel and sdist, the same bytes whoever builds them
	rm -f $(DIST)/zapi_exporter-*
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) $(BIN)/python -m build --no-isolation --outdir $(DIST)

.PHONY: deb
deb: packages ## the Debian package, for the release of Debian and the processor at hand
	rm -f $(DIST)/zapi-exporter_*.deb
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) $(BIN)/python -m deploy.debian --wheel=$$(ls $(DIST)/*.whl) --output=$(DIST)

sbom: $(VENV)/.dev ## the bill of materials, of just what the lock installs
	$(BIN)/python -m venv --clear --without-pip $(DIST)/environment
	$(BIN)/pip --python $(DIST)/environment install --quiet --require-hashes -r requirements.lock
	$(BIN)/pip --python $(DIST)/environment install --quiet --no-deps .
	$(BIN)/cyclonedx-py environment --output-reproducible --output-file $(DIST)/zapi-exporter.cdx.json \
		$(DIST)/environment
	rm -rf $(DIST)/environment
