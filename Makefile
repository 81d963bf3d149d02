# `make` lists what there is; ARGS="…" is handed on to the program.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup jars demo incident run test chaos soak fuzz audit check format bench clean

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PREPARE := $(BIN)/python -m pipeline.jars && $(BIN)/python -m pipeline.classes
FIT := import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))
# A distribution's own is built with profile-guided optimization, which one compiled by pyenv is not:
# pages take a fifth to a quarter less CPU.
PYTHONS := $(addprefix /usr/bin/,python3.13 python3.12 python3.11) python3.13 python3.12 python3.11 \
	python3.14 python3
PIP := --quiet --disable-pip-version-check --use-pep517 --no-compile
# Spark comes as a source distribution: half of the time that it takes is for compressing its jars.
STORED := --config-settings=--build-option=--compression=stored
KIND ?= tunnel

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):[^#]*## (.*)/  make \1\t\2/' | expand -t 18

setup: $(STAMP) jars ## the virtual environment, Java where it may be installed, and the jars

$(STAMP): requirements.txt requirements-dev.txt
	@for each in "$(PYTHON)" $(PYTHONS); do \
		if [ -n "$$each" ] && "$$each" -c '$(FIT)' 2>/dev/null; then python=$$each; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
		echo "Python 3.11 or newer that makes virtual environments is needed, and none is in /usr/bin or on PATH:" \
			"install one and its venv package (python3-venv), or name it by PYTHON=…" >&2; \
		exit 1; \
	fi; \
	echo "Python: $$("$$python" --version), into $(VENV) …"; \
	[ -x $(BIN)/python ] || "$$python" -m venv $(VENV)
	@echo "Packages: installing (about 1 GB, the first time takes a minute or more) …"
	@index=$$($(BIN)/python -m pip config get global.index-url 2>/dev/null); \
		$(BIN)/python -m pip install $(PIP) "$$(grep '^uv' requirements-dev.txt)" && \
		UV_DEFAULT_INDEX="$${UV_DEFAULT_INDEX:-$${PIP_INDEX_URL:-$$index}}" \
		$(BIN)/uv pip install --quiet --system-certs --python $(BIN)/python $(STORED) -r requirements-dev.txt || \
		{ echo "Packages: uv could not install them, pip tries; it takes longer …"; \
		$(BIN)/python -m pip install $(PIP) $(STORED) -r requirements-dev.txt; }
	@touch $@

jars: $(STAMP) ## the demo's Kafka, into .jars
	@$(BIN)/python -m pipeline.jars $(ARGS) && $(BIN)/python -m pipeline.classes

demo: $(STAMP) ## Kafka, a simulator and the dashboard; Ctrl-C ends them (ARGS="--help")
	@$(PREPARE); exec $(BIN)/python -m pipeline.demo $(ARGS)

incident: ## begin an incident in the running demo (KIND=tunnel, dga, beacon, nxdomain, scan)
	@[ -f .demo/demo.pid ] || { echo "no demo runs here: \`make demo\` starts one" >&2; exit 1; }
	@echo $(KIND) >> .demo/control
	@echo "a $(KIND) begins; .demo/truth.jsonl tells of it once it is over"

run: $(STAMP) ## the dashboard on your Kafka or log directory (settings: ZEEK_LIVE_…)
	@$(PREPARE); exec $(BIN)/python -m pipeline.serve $(ARGS)

test: $(STAMP) ## all tests (ARGS="tests/unit -k name")
	@$(PREPARE)
	@$(BIN)/python -m pytest --numprocesses=3 --dist=loadscope $(ARGS)

chaos: $(STAMP) ## kills, outages, full disks, wrong clocks and damage; takes most of an hour
	@$(PREPARE); exec $(BIN)/python -m tests.chaos --long $(ARGS)

soak: $(STAMP) ## hours of load, rotation and outages, with slopes of what it costs (ARGS="--hours 2")
	@$(PREPARE); exec $(BIN)/python benchmarks/soak.py $(ARGS)

fuzz: $(STAMP) ## both parsers against reference readers, at length (ARGS="-k json")
	@$(BIN)/python -m pytest tests/unit/test_fuzz_*.py --hypothesis-profile=fuzz $(ARGS)

audit: $(STAMP) ## installed packages against known vulnerabilities, where those can be had
	@[ -x .audit/bin/pip-audit ] || { $(BIN)/python -m venv .audit && .audit/bin/python -m pip \
		install --quiet --disable-pip-version-check --no-compile "pip-audit>=2.9,<3"; } || true
	@$(BIN)/python -m tests.audit .audit/bin/pip-audit

check: $(STAMP) ## ruff, its formatting, and mypy --strict on pipeline/
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: $(STAMP) ## put every file into ruff's format
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

bench: $(STAMP) ## every benchmark, one after the other: a table and a JSON file each
	@$(PREPARE)
	@for each in benchmarks/bench_*.py; do echo "== $$each"; $(BIN)/python "$$each" || exit 1; done

clean: ## remove what setup, demo and tests made
	rm -rf $(VENV) .audit .jars .demo .pytest_cache .mypy_cache .ruff_cache .hypothesis artifacts
