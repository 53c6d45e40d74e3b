# Every command a person or CI runs. `make help` is the menu.
$(if $(filter else-if,$(.FEATURES)),,$(error this is make $(MAKE_VERSION), and the demo needs GNU make 3.81; install the package make))
SHELL := /bin/sh
.DEFAULT_GOAL := demo
# Python that makes the virtualenv (3.11 to 3.13)
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Where REHEARSAL names a rehearsal cluster, its kubeconfig, proxy, CA and Git repository come from there
INSIDE = $(if $(REHEARSAL),$(BIN)/python -m rehearsal git --quiet --name $(REHEARSAL) && . $(or $(REHEARSAL_ROOT),.rehearsal)/$(REHEARSAL)/env &&)
# What was typed on make's command line goes to the command as KEY=VALUE settings
DEMO = $(INSIDE) $(BIN)/python -m bootstrap $@ --make='$(subst ','\'',$(MAKEOVERRIDES))'
STAGES := gitops rhods storage model serving

##@ Demo
.PHONY: demo already-have-rhods doctor support plan login $(STAGES) verify credentials status reset teardown selftest logout help
demo: $(VENV)/.ready ## Raise the demo, and prove it by a prediction (the default)
	@$(DEMO)
already-have-rhods: $(VENV)/.ready ## The same on the OpenShift AI that is there, which stays as it is
	@$(DEMO)
doctor: $(VENV)/.ready ## Say what this machine or the cluster lacks, and how to get it
	@$(DEMO)
support: $(VENV)/.ready ## Write one redacted archive to attach to a question
	@$(DEMO)
plan: $(VENV)/.ready ## Show what would be created, changed, adopted and left alone
	@$(DEMO)
credentials: $(VENV)/.ready ## Show where everything is and with which keys (JSON=1, QUERY=<jq>, HANDOUT=1)
	@$(DEMO)
status: $(VENV)/.ready ## Show every stage, with the reason where one is not ready (JSON=1)
	@$(DEMO)
verify: $(VENV)/.ready ## Ask every known answer again
	@$(DEMO)
reset: $(VENV)/.ready ## Make the demo as new: new keys, model seeded again, verified (asks unless YES=1)
	@$(DEMO)
teardown: $(VENV)/.ready ## Give the cluster back as it was (asks unless YES=1)
	@$(DEMO)
selftest: $(VENV)/.ready ## Walk a demo's whole life on your cluster, and write a report to share (asks unless YES=1)
	@$(DEMO)

##@ One stage
login: $(VENV)/.ready ## Sign in, and keep a private kubeconfig
	@$(DEMO)
logout: $(VENV)/.ready ## Revoke the token that login got
	@$(DEMO)
gitops: $(VENV)/.ready ## OpenShift GitOps, installed or adopted
rhods: $(VENV)/.ready ## OpenShift AI, installed or adopted
storage: $(VENV)/.ready ## MinIO with random keys, a bucket, and the data connection
model: $(VENV)/.ready ## The model in the bucket
serving: $(VENV)/.ready ## The runtime, its Template, and the InferenceService
$(STAGES):
	@$(DEMO)

##@ Rehearsal
# REHEARSAL: which one (default: default); RHODS (2.8, 2.25, 3.4), OPENSHIFT: releases; SNAPSHOT: to begin from; PART: of it
REHEARSAL_VERB = $(BIN)/python -m rehearsal $(subst rehearsal-,,$@) --name $(or $(REHEARSAL),default)
.PHONY: rehearse rehearsal-up rehearsal-stop rehearsal-down rehearsal-status rehearsal-logs rehearsal-shell rehearsal-check rehearsal-tools
rehearse: rehearsal-up ## Raise the demo on a rehearsal cluster of this machine (REHEARSAL=name, RHODS=3.4)
	@$(MAKE) --no-print-directory demo REHEARSAL=$(or $(REHEARSAL),default)
	@echo 'try next, each with REHEARSAL=$(or $(REHEARSAL),default): make credentials, make status, make reset, make teardown, make rehearsal-down'
rehearsal-up: $(VENV)/.ready ## Make or start a rehearsal cluster, and wait until it is ready (SNAPSHOT=name)
	@$(REHEARSAL_VERB) $(if $(RHODS),--rhods $(RHODS)) $(if $(OPENSHIFT),--openshift $(OPENSHIFT)) $(if $(SNAPSHOT),--from $(SNAPSHOT))
rehearsal-stop: $(VENV)/.ready ## Stop it; its data stays
	@$(REHEARSAL_VERB)
rehearsal-down: $(VENV)/.ready ## Stop it, and leave nothing of it
	@$(REHEARSAL_VERB)
rehearsal-status: $(VENV)/.ready ## Show its parts; fails where one is not up
	@$(REHEARSAL_VERB)
rehearsal-logs: $(VENV)/.ready ## Show the last line of each part's log, or the log of PART
	@$(REHEARSAL_VERB) $(PART)
rehearsal-shell: $(VENV)/.ready ## Open a shell inside it
	@$(REHEARSAL_VERB)
rehearsal-check rehearsal-tools: $(VENV)/.ready
	@$(REHEARSAL_VERB)
rehearsal-check: ## Say whether this machine can run one
rehearsal-tools: ## Build every program that one needs, once, into your cache folder

##@ Development
.PHONY: test soak bench test-unit lint format coverage docs sbom molecule picture train answers
test: lint rehearsal-tools ## Every check and every test but soak (builds what the rehearsal needs)
	@$(BIN)/python -m pytest -q -n 3 tests/unit tests/manifests tests/model
	@$(BIN)/python -m pytest -v --durations=15 -m "not soak" tests/conformance tests/e2e
soak: $(VENV)/.ready rehearsal-tools ## The tests that take hours; the result in docs/soak.md (ONLY=kills: a part)
	@$(BIN)/python -m tests.soak '$(ONLY)'
bench: $(VENV)/.ready rehearsal-tools ## Measure speed against kubectl; the table in docs/bench.md
	@$(BIN)/python -m tests.bench
test-unit: $(VENV)/.ready ## The tests that need no cluster
	@$(BIN)/python -m pytest -q -n 3 tests/unit tests/manifests
lint: $(VENV)/.ready ## Formats, types, import order, Ansible and YAML
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy bootstrap rehearsal model docs/generate
	@$(BIN)/lint-imports && $(BIN)/yamllint --strict . && $(BIN)/shellcheck .ci/run && PATH=$(BIN):$$PATH $(BIN)/ansible-lint
format: $(VENV)/.ready ## Format the Python files
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format --quiet .
coverage: $(VENV)/.ready ## How much of the code the tests without a cluster reach
	@$(BIN)/coverage run -m pytest -q tests/unit tests/manifests && $(BIN)/coverage report
docs: $(VENV)/.ready ## Write again what is generated from the source (troubleshooting, licences)
	@$(BIN)/python -m docs.generate
sbom: $(VENV)/.ready ## Write dist/sbom.json: every locked package and module, as CycloneDX
	@$(BIN)/python -m docs.generate.sbom
# Molecule's own state goes beside ours, and is new for every run
MOLECULE_STATE = $(CURDIR)/.serving-demo/molecule/$(ROLE)
molecule: $(VENV)/.ready ## Walk a role's scenario on a cluster (ROLE=storage, with REHEARSAL or KUBECONFIG)
	@rm -rf '$(MOLECULE_STATE)' && mkdir -p '$(MOLECULE_STATE)' && $(INSIDE) PATH=$(CURDIR)/$(BIN):$$PATH \
	STATE_DIR=$(CURDIR)/.serving-demo ANSIBLE_CONFIG=$(CURDIR)/ansible.cfg MOLECULE_GLOB='tests/molecule/*/molecule.yml' \
	MOLECULE_EPHEMERAL_DIRECTORY='$(MOLECULE_STATE)' molecule test --scenario-name '$(ROLE)'
picture: $(VENV)/.ready ## Record the README's picture anew from a real `make rehearse`, and draw it
	@$(BIN)/python -m docs.generate.picture && $(BIN)/python -m docs.generate
train: $(VENV)/.ready ## Train the models again, and check that they are the committed ones
	@$(BIN)/python -m model train
answers: $(VENV)/.ready ## Compute known answers for an ONNX file of yours (MODEL=path)
	@$(BIN)/python -m model answers '$(MODEL)'

help: ## Show this menu
	@awk -F ':.*## ' '/^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  %-20s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# an interpreter that is missing, or lacks what a virtualenv needs, is said with the package that brings it
NO_PYTHON = PATH has no $(PYTHON): install the package python3 (3.11 to 3.13), or say make PYTHON=<path>
$(VENV)/.ready: requirements.lock pyproject.toml
	@$(if $(shell command -v $(PYTHON)),,$(error $(NO_PYTHON)))$(PYTHON) bootstrap/prerequisites.py && $(PYTHON) -m venv $(VENV)
	@echo 'installing the locked packages into $(VENV), once; typically a minute' >&2
	@$(BIN)/pip install --quiet --require-hashes --no-deps -r requirements.lock && $(BIN)/pip check >&2 && touch $@
