# `make run` and `make test` do all the set-up on a fresh Linux or macOS machine with make and Python >= 3.11.
PYTHON ?= python3
UV_VERSION = 0.13.9
DURATION ?=
JSON ?=
CSV ?= examples/sales.csv
MAP ?=
VERIFY ?=
MACHINES ?= 60
HISTORY ?= 2
JOBS ?= 4
SEED ?= 1
MINUTES ?= 10

PY = .venv/bin/python
NODES = devstack/node devstack/tests/eventhubs/node devstack/tests/cosmos/node
DEPLOYED = requirements requirements-telemetry
NPM = .venv/bin/python -m devstack.npm
LINTED = function_app.py blueprints vending vendctl simulator devstack benchmarks tests

.DEFAULT_GOAL := help
.PHONY: help setup setup-test run test test-func replay services func picture check lint types contracts bench soak chaos mutants breaks clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-9s %s\n", $$1, $$2}' Makefile

# --- set-up -------------------------------------------------------------------------------------------------
.tools/uv-$(UV_VERSION):
	@echo "set-up: uv $(UV_VERSION)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name one: make PYTHON=…")'
	@rm -rf .tools && $(PYTHON) -m venv .tools
	@.tools/bin/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@touch $@

.venv/ready: .tools/uv-$(UV_VERSION) requirements-dev.txt pyproject.toml .python-version
	@echo "set-up: Python $$(cat .python-version) and its packages"
	@test -x $(PY) || .tools/bin/uv venv --quiet --python "$$(cat .python-version)" .venv
	@.tools/bin/uv pip sync --quiet --require-hashes --python $(PY) requirements-dev.txt
	@.tools/bin/uv pip install --quiet --offline --no-deps --python $(PY) --editable .
	@touch $@

%/node_modules/.ready: %/package-lock.json .venv/ready
	@echo "set-up: npm packages of $*"
	@$(NPM) $*
	@touch $@

# What the page of the API is made of: the app serves it, the package holds it.
web/vendor/.ready: web/node_modules/.ready
	@mkdir -p web/vendor
	@cp $(addprefix web/node_modules/swagger-ui-dist/,swagger-ui-bundle.js swagger-ui.css) web/vendor/
	@touch $@

setup: .venv/ready devstack/node/node_modules/.ready web/vendor/.ready ## everything that `make run` needs

# What Azure installs, and nothing else: the deployment package and `func` are started in it. The remote build runs pip
# without a flag, and pip asks for the hash of every file as soon as one requirement has one. Made anew, after a change of
# pyproject.toml, by the commands that stand in the first lines of the two files.
.tools/deployed/%/.ready: %.txt .venv/ready
	@echo "set-up: what Azure installs from $*.txt"
	@rm -rf .tools/deployed/$* && .tools/bin/uv venv --quiet --python $(PY) .tools/deployed/$*
	@.tools/bin/uv pip sync --quiet --require-hashes --python .tools/deployed/$*/bin/python $*.txt
	@touch $@

# Made anew by the command that stands in the first lines of the file.
.tools/client/.ready: tests/client/requirements.txt .venv/ready
	@echo "set-up: other people's programs on the OpenAPI document"
	@rm -rf .tools/client && .tools/bin/uv venv --quiet --python $(PY) .tools/client
	@.tools/bin/uv pip sync --quiet --require-hashes --python .tools/client/bin/python tests/client/requirements.txt
	@touch $@

setup-test: setup $(NODES:%=%/node_modules/.ready) $(DEPLOYED:%=.tools/deployed/%/.ready) .tools/client/.ready
	@$(PY) -m vendctl.browser --install

# --- the main job -------------------------------------------------------------------------------------------
run: setup ## the whole system with a simulated fleet; DURATION=60 ends by itself, JSON=1 prints the account
	@$(PY) -m vendctl run --machines $(MACHINES) --history $(HISTORY) $(if $(DURATION),--duration $(DURATION)) $(if $(JSON),--json)

replay: setup ## CSV=sales.csv [MAP=mapping.toml] [JSON=1] [VERIFY=1]: real sales through the whole system, reconciled
	@$(PY) -m vendctl replay "$(CSV)" $(if $(MAP),--map "$(MAP)") $(if $(JSON),--json) $(if $(VERIFY),--verify)

services: setup ## Azurite, Event Hubs, Cosmos DB and mail on the ports of local.settings.json, for `func start`
	@$(PY) -m devstack services --config infra/local/eventhubs.json --data .data/services --storage-events uploads=uploads

# An environment of requirements.txt alone, because the worker prefers an environment's packages to its own. No file
# watching, because a new top-level folder or any .py below this one would restart the host. .data is such a folder.
func: setup .tools/deployed/requirements/.ready ## `func start` (Core Tools 4 on the PATH) on what `make services` runs
	@mkdir -p .data
	@$(PY) -m vendctl provision --settings local.settings.json
	@AzureFunctionsJobHost__fileWatchingEnabled=false VIRTUAL_ENV="$(CURDIR)/.tools/deployed/requirements" \
		PATH="$(CURDIR)/.tools/deployed/requirements/bin:$$PATH" func start

picture: setup-test ## docs/dashboard.png, taken of the running system
	@rm -rf .data/picture
	@$(PY) -m vendctl run --machines 60 --history 8 --duration 150 --picture docs/dashboard.png --data .data/picture

# --- proof --------------------------------------------------------------------------------------------------
# The tests start hundreds of processes: each would compile what it imports where no bytecode may be kept.
test: setup-test check ## all set-up, then lint, types, contracts and every test
	@PYTHONDONTWRITEBYTECODE= REQUIRE_NODE_PEER=1 CHROMIUM="$$($(PY) -m vendctl.browser)" $(PY) -m pytest -n $(JOBS) --dist loadfile -q

# Tests that need nothing of the local stack but its addresses. Their names are new in each run, so the data may stay.
test-func: setup .tools/deployed/requirements/.ready ## end-to-end tests under Core Tools (`func`), on services that listen on the usual ports
	@PATH="$(CURDIR)/devstack/tests/functions/node/node_modules/.bin:$$PATH" STACK=emulators $(PY) -m pytest -q tests/contract $(addprefix tests/e2e/test_,ingest.py archive.py rollups.py alerts.py dead_letters.py)

check: lint types contracts ## lint, types, import contracts, workflows, infra/

lint: setup
	@.venv/bin/ruff check --quiet $(LINTED)
	@.venv/bin/ruff format --check --quiet $(LINTED)
	@.venv/bin/zizmor --offline --quiet --no-progress .github
	@.venv/bin/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	@.venv/bin/check-jsonschema --quiet --builtin-schema vendor.dependabot .github/dependabot.yml
	@.venv/bin/check-jsonschema --quiet --builtin-schema vendor.compose-spec devstack/compose.yaml
	@$(PY) -m tests.bicep

types: setup
	@.venv/bin/mypy --no-error-summary $(LINTED)

contracts: setup
	@.venv/bin/lint-imports --no-logo >.venv/contracts.log || { cat .venv/contracts.log; exit 1; }

bench: setup-test ## the figures beside their baselines: a table, and benchmarks/latest.json
	@$(PY) -m benchmarks

soak: setup-test ## the long sizes and random examples, outside CI; results in benchmarks/{soak,explored}.json
	@.tools/bin/uv pip install --quiet --python $(PY) --group soak
	@$(PY) -m benchmarks.soak

chaos: setup-test ## SEED=1 MINUTES=10: the whole system under faults; figures in benchmarks/chaos.json
	@$(PY) -m tests.chaos --seeds $(SEED) --minutes $(MINUTES)

mutants: setup-test ## each change that mutmut makes to a pure module must make a test fail; benchmarks/mutants.json
	@.tools/bin/uv pip install --quiet --python $(PY) --group soak
	@$(PY) -m benchmarks.mutants

breaks: setup-test ## each break of a promise (tests/breaks) must make its test fail
	@$(PY) -m tests.breaks

clean: ## removes all local data
	rm -rf .data
