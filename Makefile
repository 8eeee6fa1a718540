# Every target is one plain command, so that make starts it directly and passes signals on to it.
.DEFAULT_GOAL := help
.SUFFIXES:
.PHONY: help setup demo chaos up down test lint limits bench-rtp bench-dial bench-call bench-pacing bench-claim bench-import bench-amd bench-detections

export PYTHON SWITCH FREESWITCH_BINARY
VENV_PYTHON := .venv/bin/python

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST)

setup: ## Install what is missing: Debian packages (apt) and .venv
	@python3 -m devstack.bootstrap

demo: setup ## Dial a campaign of 120 rows on this machine, about a minute, and verify it; CALLS=50 dials fewer
	@$(VENV_PYTHON) -m demo $(if $(CALLS),--calls $(CALLS))

chaos: setup ## Kill, stop and freeze everything under a campaign of 2,000 contacts and verify it; SEED=7 replays
	@$(VENV_PYTHON) -m chaos $(if $(SEED),--seed $(SEED)) $(if $(CONTACTS),--contacts $(CONTACTS))

up: setup ## Start the stack and leave it running; prints the panel's address and sign-in
	@$(VENV_PYTHON) -m devstack up

down: ## Stop what `make up` started
	@$(VENV_PYTHON) -m devstack down

test: ## Run every check and test; SWITCH=freeswitch runs the switch's tests on a real one
	@python3 -m devstack.bootstrap --tests
	@$(VENV_PYTHON) -m devstack.checks

limits: setup ## Kill and change everything while five campaigns dial; the carriers count whether a limit is exceeded, about 4 minutes
	@$(VENV_PYTHON) -m tests.limits $(if $(SEED),--seed $(SEED))

bench-rtp: setup ## Measure how punctual the switch's audio is with 100 calls at once
	@$(VENV_PYTHON) -m bench.rtp_schedule

lint: ## Run only the linters and type checks
	@python3 -m devstack.bootstrap --tests
	@$(VENV_PYTHON) -m devstack.checks --lint

bench-dial: setup ## Measure calls per second, the switch's CPU per call and calls held at once; about two minutes
	@$(VENV_PYTHON) -m bench.dial

bench-call: setup ## Measure what 50,000 calls cost in our own code: the hook, the scheduler, memory, connections
	@$(VENV_PYTHON) -m bench.call

bench-pacing: setup ## Simulate three pacings of a campaign that transfers to people, and check the predictive one
	@$(VENV_PYTHON) -m bench.pacing

bench-claim: setup ## Measure the claim in a campaign of a million contacts against one of ten thousand
	@$(VENV_PYTHON) -m bench.claim

bench-import: setup ## Import a million contacts, beside COPY of the same; checks every count
	@$(VENV_PYTHON) -m bench.contact_import

bench-amd: setup ## Measure the answering-machine detector on a made-up corpus; the first run makes it, about ten minutes
	@$(VENV_PYTHON) -m bench.amd

bench-detections: setup ## Measure how late 100 detections at once are; SWITCH=freeswitch measures a real switch
	@$(VENV_PYTHON) -m bench.detections
