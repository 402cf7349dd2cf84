# The few verbs of the project. Each is the only command needed on a machine with Python 3.13, make, Node and Java.

PORT ?= 8000
ARGS ?=

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory
.SUFFIXES:

export AWS_DEFAULT_REGION ?= us-east-1
export SAM_CLI_TELEMETRY := 0
export PYTHONDONTWRITEBYTECODE := 1

ARCHITECTURE := $(if $(filter arm64 aarch64,$(shell uname -m)),arm64,x86_64)
BUILD := .aws-sam/local
LAYER := layers/latchkey
SOURCES := template.yaml samconfig.toml $(shell find functions layers archive templates -type f \
	-not -path '*/__pycache__/*' -not -path '*/.mypy_cache/*' -not -name '*.mo')

NESTED := $(wildcard templates/*.yaml)

PYTHON := .venv/bin/python
SAM := .tools/sam/bin/sam
UV := .tools/python/bin/uv

comma := ,
say = @printf '%s\n' "$(1)"
quietly = $(1) >.tools/output.log 2>&1 || { cat .tools/output.log; exit 1; }

.PHONY: help
help: ## List the verbs
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

.PHONY: run
run: .tools/stack ## The portal at http://localhost:8000, with mail, people and a clock (PORT=8001 for another port, EXAMPLE=api with a service)
	@exec $(PYTHON) -m local --port $(PORT) $(addprefix --example examples/,$(EXAMPLE))

.PHONY: unit
unit: .venv/.done ## The tests that need no server and nothing built: decisions, pages, letters, tokens, template (half a minute)
	@$(PYTHON) -m pytest --numprocesses 2 --dist worksteal $(UNIT)

# Everything that runs with .venv alone. Other tests start servers, call functions on moto, or look at what was built.
UNIT := tests/rules tests/pages tests/stack tests/mail/letters tests/mail/test_wording.py \
	$(addprefix tests/test_,$(addsuffix .py,aws behaviours caches keys metrics refusals settings shape tokens vocabulary))

.PHONY: test
test: .tools/announced .tools/stack .tools/browser .tools/curl .tools/contract/.done tools/contract/node_modules/.done node_modules/.done ## Every test, in headless Chromium too (ARGS="-k link tests/rules" for some)
	@$(PYTHON) -m pytest $(or $(ARGS),$(in-parallel))

.PHONY: .tools/announced
.tools/announced:
	$(call say,Building and installing what is missing$(comma) then running $(if $(ARGS),pytest $(ARGS),every test in $(PROCESSES) processes$(comma) which takes about 12 minutes on 2 cores).)

# Tests wait for servers more than they compute, so there is one process more than the cores of a small machine. A
# process that has done its own list takes from the end of another's.
PROCESSES := 3
in-parallel := --numprocesses $(PROCESSES) --dist worksteal --durations 10

.PHONY: pictures
pictures: .tools/stack .tools/browser node_modules/.done ## Every page and letter, both languages, light and dark, three widths, with an index (.local/pictures)
	@PYTHONPATH=$(LAYER):. $(PYTHON) -m tests.browser.screenshots $(ARGS)

.PHONY: lighthouse
lighthouse: .tools/stack .tools/browser tools/lighthouse/node_modules/.done ## Lighthouse's points of nine pages on a slow phone: accessibility, best practices, performance
	@PYTHONPATH=$(LAYER):. $(PYTHON) -m tests.browser.lighthouse

.PHONY: guides
guides: .venv/.done .tools/browser ## Print the guide and the front desk's sheet (PRACTICE=willow ORIGIN=http://localhost:8000)
	@$(PYTHON) -m operate guide --practice "$(or $(PRACTICE),willow)" \
		--origin "$(or $(ORIGIN),http://localhost:$(PORT))" $(ARGS)

.PHONY: format
format: .venv/.done ## Format the code, sort the imports and fix what can be fixed
	@.venv/bin/ruff check --fix-only --quiet
	@.venv/bin/ruff format --quiet

.PHONY: bench
bench: .tools/stack node_modules/.done ## What it costs: cold, warm, small and cheap, against a floor (writes tools/bench/results.json)
	@PYTHONPATH=$(LAYER):. $(PYTHON) -m tools.bench

.PHONY: bench-peers
bench-peers: .tools/stack node_modules/.done .tools/peers/.done tools/bench/peers/better/node_modules/.done .tools/postgres ## CPU of a sign-in, beside two peers
	@PYTHONPATH=$(LAYER):. $(PYTHON) -m tools.bench.peers $(ARGS)

.PHONY: mutants
mutants: .tools/stack node_modules/.done ## Switch off each guard in turn and see a test go red (ARGS="pin" for some)
	@$(PYTHON) -m tools.mutants $(ARGS)

.PHONY: load
load: .tools/stack ## 3,000 requests to a portal of its own, 8 at a time: outcomes, times, memory (ARGS="mix --clients 4")
	@$(PYTHON) -m tools.load $(ARGS)

.PHONY: rehearse
rehearse: .venv/.done .tools/ministack/.done $(BUILD)/template.yaml ## A stack's whole life, by CloudFormation on this machine and the documented commands
	@PYTHONPATH=$(LAYER) $(PYTHON) -m tools.rehearsal

.PHONY: check
check: .venv/.done .tools/sam/.done .tools/checkov/.done .tools/workflows/.done ## Style, types, who may import whom, templates, workflows, catalogs, lock files
	@.venv/bin/ruff check --quiet
	@.venv/bin/ruff format --check --quiet
	@$(call quietly,.venv/bin/mypy)
	@$(call quietly,PYTHONPATH=layers/latchkey .venv/bin/lint-imports --no-logo)
	@$(call quietly,$(SAM) validate --lint)
	@$(call quietly,.tools/sam/bin/cfn-lint $(NESTED))
	@$(PYTHON) -c 'import json; from tests.kit import sam_template; print(json.dumps(sam_template.expanded()))' >.tools/expanded.json
	@$(call quietly,.tools/checkov/bin/checkov --framework cloudformation --skip-download --compact --quiet --file template.yaml .tools/expanded.json $(NESTED))
	@$(call quietly,.tools/workflows/bin/zizmor --offline --quiet --persona pedantic .github/workflows)
	@$(call quietly,PYTHONPATH=$(LAYER) $(PYTHON) -m latchkey.api.openapi --check docs/openapi.json docs/openapi-machine.json)
	@$(call quietly,PYTHONPATH=$(LAYER) $(PYTHON) -m latchkey.web.openapi --check docs/openapi-client.json)
	@$(call quietly,$(PYTHON) -m operate parameters --check)
	@$(call quietly,$(PYTHON) -m pytest tests/pages/test_languages.py)
	@! grep -nE '(https?|git)://' requirements/*.txt layers/*/requirements*.txt && \
		! grep -n '"resolved"' package-lock.json tools/bench/peers/better/package-lock.json tools/contract/package-lock.json \
			tools/lighthouse/package-lock.json \
		|| { echo 'A lock file names an address to download from: make lock'; exit 1; }
	$(call say,Everything is in order.)

.PHONY: build
build: $(BUILD)/template.yaml ## What would be deployed, for this machine's own processor

.PHONY: deploy
deploy: .tools/sam/.done .venv/.done ## Build and deploy a stage to the shell's account and region (STAGE=staging; a first time with ARGS=--guided)
	@$(ship)

.PHONY: plan
plan: .tools/sam/.done .venv/.done ## What `make deploy` would change, as a change set that is not carried out (STAGE=prod)
	@$(ship) --no-execute-changeset

# ── a release: one build, uploaded once, and executed as it was approved (docs/releasing.md) ──

.PHONY: package
package: .tools/sam/.done .venv/.done ## Build once for the stages, and upload it once (ARTIFACTS=name-of-a-bucket)
	@PATH="$(CURDIR)/.tools/python/bin:$$PATH" $(its-region) $(SAM) build --config-env staging
	@$(PYTHON) -m operate architecture
	@$(its-region) $(PYTHON) -m operate package --bucket "$(ARTIFACTS)"

.PHONY: propose
propose: .venv/.done ## A change set of the uploaded release, which is executed only by its ARN (STAGE=prod)
	@$(its-region) $(PYTHON) -m operate propose --stage $(STAGE) $(with-digest)

.PHONY: execute
execute: .venv/.done ## Execute the approved change set (CHANGE_SET=its ARN)
	@$(its-region) $(PYTHON) -m operate execute --change-set "$(CHANGE_SET)" $(with-digest)

.PHONY: smoke
smoke: .venv/.done ## A few requests to a stage's portal (STAGE=staging)
	@$(its-region) $(PYTHON) -m operate smoke --stack latchkey-$(STAGE)

.PHONY: advisories
advisories: .tools/advisories/.done ## Compare every locked package with the published advisories
	@for lock in requirements/*.txt layers/*/requirements*.txt; do \
		echo "$$lock"; .tools/advisories/bin/pip-audit --disable-pip --require-hashes --progress-spinner off -r $$lock; done
	@for place in . tools/bench/peers/better tools/contract tools/lighthouse; do \
		echo "$$place/package-lock.json"; (cd $$place && npm audit --package-lock-only --audit-level=moderate); done

RELEASE_DIGEST ?=
with-digest = $(if $(RELEASE_DIGEST),--digest "$(RELEASE_DIGEST)")
STAGE ?= dev
# The region of the shell or its profile, not the one that the other verbs make do with.
its-region = $(if $(filter environment,$(origin AWS_DEFAULT_REGION)),,env -u AWS_DEFAULT_REGION)
ship = PATH="$(CURDIR)/.tools/python/bin:$$PATH" $(its-region) $(SAM) build --config-env $(STAGE) && \
	$(PYTHON) -m operate architecture && $(its-region) $(if $(filter --guided,$(ARGS)),$(ask-and-deploy),$(SAM) deploy --config-env $(STAGE) $(ARGS))
# `sam deploy --guided` would ask for every parameter. This asks five questions at most.
ask-and-deploy = $(PYTHON) -m operate first-deploy --config-env $(STAGE) -- $(filter-out --guided,$(ARGS))

.PHONY: operate
operate: .venv/.done ## Look after a deployed stack (ARGS="rotate --stack latchkey-prod --key LinkKey"; without, what there is)
	@$(its-region) $(PYTHON) -m operate $(or $(ARGS),--help)

.PHONY: release
release: .venv/.done ## Tag a version, with its part of CHANGELOG.md as notes (VERSION=1.2.3)
	@$(PYTHON) -m operate release $(VERSION)

.PHONY: lock
lock: .tools/python/.done ## Pin every package again, with hashes (ARGS=--upgrade for the newest)
	@$(call lock,layer,layers/dependencies/requirements.txt)
	@$(call lock,images,layers/images/requirements.txt)
	@$(call lock,catalogs,$(LAYER)/requirements-build.txt)
	@for name in uv runtime ministack sam checkov contract peers workflows advisories dev; do $(call lock,$$name,requirements/$$name.txt); done
	@for place in . tools/bench/peers/better tools/contract tools/lighthouse; do \
		(cd $$place && npm install --package-lock-only --omit-lockfile-registry-resolved --ignore-scripts --silent); done

lock = $(UV) pip compile --quiet --generate-hashes --no-annotate --python-version 3.13 \
	--custom-compile-command "make lock" $(ARGS) requirements/$(1).in --output-file $(2)

.PHONY: clean
clean: ## Remove everything the verbs made
	@rm -rf .aws-sam .local .tools .venv node_modules tools/contract/node_modules tools/lighthouse/node_modules .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# ── what the verbs stand on ──

.PHONY: .tools/stack
.tools/stack: .venv/.done .tools/ministack/.done .tools/runtime/.done $(BUILD)/template.yaml

$(BUILD)/template.yaml: $(SOURCES) .tools/sam/.done
	$(call say,Building the functions and layers ...)
	@$(call quietly,PATH="$(CURDIR)/.tools/python/bin:$$PATH" $(SAM) build --config-env local \
		--parameter-overrides Architecture=$(ARCHITECTURE))
	@touch $@

.venv/.done: requirements/dev.txt layers/dependencies/requirements.txt layers/images/requirements.txt .tools/python/.done
	$(call say,Installing what checks and tests import ...)
	@$(call install,.venv,$<,--compile-bytecode)

# These start often, and would be compiled each time.
.tools/runtime/.done .tools/sam/.done: .tools/%/.done: requirements/%.txt .tools/python/.done
	$(call say,Installing $* ...)
	@$(call install,.tools/$*,$<,--compile-bytecode)

.tools/%/.done: requirements/%.txt .tools/python/.done
	$(call say,Installing $* ...)
	@$(call install,.tools/$*,$<)

install = $(UV) venv --quiet --clear --no-project --python .tools/python/bin/python $(1) && \
	$(UV) pip sync --quiet $(3) --link-mode copy --require-hashes --python $(1)/bin/python $(2) && touch $(1)/.done

.tools/python/.done: requirements/uv.txt
	@command -v python3.13 >/dev/null && python3.13 -c '' 2>/dev/null \
		|| { echo 'python3.13 is not on the PATH: Latchkey runs on the Python that its functions run on.'; exit 1; }
	$(call say,Installing the installer ...)
	@rm -rf .tools/python && python3.13 -m venv .tools/python \
		|| { echo 'python3.13 cannot make environments: on Debian, apt-get install python3.13-venv'; exit 1; }
	@.tools/python/bin/python -m pip install -qq --disable-pip-version-check --require-hashes --requirement $<
	@touch $@

node_modules/.done: package.json package-lock.json
	@command -v npm >/dev/null || { echo 'npm is not on the PATH: on Debian, apt-get install nodejs npm'; exit 1; }
	$(call say,Installing DynamoDB Local and axe-core ...)
	@npm ci --ignore-scripts --silent
	@touch $@

tools/bench/peers/better/node_modules/.done: tools/bench/peers/better/package.json tools/bench/peers/better/package-lock.json
	@cd tools/bench/peers/better && npm ci --ignore-scripts --silent
	@touch $@

tools/contract/node_modules/.done: tools/contract/package.json tools/contract/package-lock.json
	$(call say,Installing what reads docs/openapi.json ...)
	@cd tools/contract && npm ci --ignore-scripts --silent
	@touch $@

tools/lighthouse/node_modules/.done: tools/lighthouse/package.json tools/lighthouse/package-lock.json
	$(call say,Installing Lighthouse ...)
	@cd tools/lighthouse && npm ci --ignore-scripts --silent
	@touch $@

.PHONY: .tools/postgres
.tools/postgres:
	@compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null && exit 0; $(call install-package,PostgreSQL,postgresql)

# A test runs the commands of a document.
.PHONY: .tools/curl
.tools/curl:
	@command -v curl >/dev/null && exit 0; $(call install-package,curl,curl)

install-package = if [ "$$(id -u)" != 0 ]; then echo '$(1) is missing: as root, apt-get install $(2)'; exit 1; fi; \
	echo 'Installing $(1) ...'; $(call quietly,{ apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install --yes $(2); })

.PHONY: .tools/browser
.tools/browser:
	@command -v chromium >/dev/null && command -v chromium-headless-shell >/dev/null && exit 0; \
	if [ "$$(id -u)" != 0 ]; then command -v chromium >/dev/null && exit 0; \
		echo 'Chromium is missing: as root, apt-get install chromium'; exit 1; fi; \
	echo 'Installing Chromium ...'; \
	export DEBIAN_FRONTEND=noninteractive; \
	$(call quietly,{ command -v chromium || { apt-get update && apt-get install --yes chromium; }; }); \
	$(call quietly,{ apt-get install --yes chromium-headless-shell || true; })
