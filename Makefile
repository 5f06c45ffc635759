# `make` explains itself. Everything runs in .venv; set-up repairs itself, so any target can be called at any time.

# The first Python that is new enough; PYTHON=… chooses another.
PYTHON ?= $(shell for p in python3.11 python3 python3.12 python3.13; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
SIZE ?= 100k
ROWS ?= 1m
SAMPLE ?=
UPGRADE ?=

VENV := .venv
PY := $(VENV)/bin/python
PYTEST := $(PY) -m pytest
PIP := $(PY) -m pip --disable-pip-version-check --no-input
QUIET := $(if $(CI),--quiet,)

# The stamp carries the content of the locks: other locks mean another environment, whatever their dates say.
LOCKS := requirements/build.lock requirements/dev.lock
LOCKED := $(VENV)/.locked-$(shell cat $(LOCKS) | cksum | cut -d ' ' -f 1)
PROJECT := $(VENV)/.project
REAL := $(VENV)/.real-$(shell cat requirements/real.lock | cksum | cut -d ' ' -f 1)
COMPILE = $(VENV)/uv/bin/uv pip compile --quiet $(UPGRADE) --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock'

# What no install can bring, asked for before the long one begins.
define ask_machine
	@'$(PYTHON)' -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo 'C102 Python 3.11 or newer is missing'; \
		echo '  hint: install it (Debian: apt-get install python3 python3-venv), then make setup PYTHON=python3.11'; \
		exit 10; }
	@'$(PYTHON)' -m c360_spark.doctor --machine
endef

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup jars demo test test-fast check format bench bench-identity bench-contracts bench-silver bench-gold bench-payload bench-landing bench-accuracy real docs wheel lock clean clean-all

help: ## This text
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' Makefile
	@printf '\nVariables: PYTHON=%s  SIZE=%s (bench)  ROWS=%s (bench-payload)  SAMPLE=… (real)  UPGRADE=--upgrade (lock)\n' '$(PYTHON)' '$(SIZE)' '$(ROWS)'

##@ Begin here

setup: $(PROJECT) jars ## Create .venv with the locked packages, install the project, fetch the jars
	@echo 'set-up: ready'

jars: $(PROJECT) ## Fetch and verify the jars (about 16 MB, once), and archive their classes for faster starts
	@$(PY) -m c360_spark.jars
	@$(PY) -m c360_spark.class_archive

demo: setup ## Build a small Customer 360 from generated data
	$(VENV)/bin/c360 demo

##@ Work on it

test: setup ## The whole test suite: the part without a JVM first
	@echo '[1/2] tests without Spark'
	$(PYTEST) -m 'not spark' --ignore=tests/real
	@echo '[2/2] tests with Spark, two sessions side by side: most of a small test is waiting'
	$(PYTEST) -m spark --ignore=tests/real -n 2 --dist loadfile

test-fast: $(PROJECT) ## Only the tests without Spark
	$(PYTEST) -m 'not spark' --ignore=tests/real

check: $(PROJECT) ## Lint, format, types and conf/, as CI asks for them
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(VENV)/bin/c360 check

format: $(PROJECT) ## Mend what ruff can mend
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

docs: $(PROJECT) ## Write docs/tables.md, docs/entities.md and docs/stages.md from the declarations of tables and stages
	$(PY) -m c360_spark.tables.dictionary > docs/tables.md.new
	mv docs/tables.md.new docs/tables.md
	$(PY) -m c360_spark.tables.entities > docs/entities.md.new
	mv docs/entities.md.new docs/entities.md
	$(PY) -m c360_spark.pipeline.stage_graph > docs/stages.md.new
	mv docs/stages.md.new docs/stages.md

lock: $(PROJECT) ## Lock the versions again after a change of pyproject.toml
	$(PY) -m venv $(VENV)/uv
	$(VENV)/uv/bin/python -m pip --disable-pip-version-check install --quiet uv==0.13.9
	$(COMPILE) requirements/build.in -o requirements/build.lock
	$(COMPILE) pyproject.toml requirements/build.in --extra dev -c requirements/lane.txt -o requirements/dev.lock
	$(COMPILE) pyproject.toml --extra real -c requirements/dev.lock -o requirements/real.lock

wheel: $(PROJECT) ## Build dist/c360_spark.zip, for spark-submit --py-files
	@rm -rf dist build
	@$(PIP) wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .
	@cp dist/c360_spark-*.whl dist/c360_spark.zip # Spark puts a .zip on the path of its Pythons, no .whl
	@echo 'dist/c360_spark.zip'

##@ Measure

bench: setup ## Time the whole chain on generated data: SIZE=1m for a million
	$(PY) -m tests.bench.chain --size $(SIZE)

bench-identity: setup ## Time identity after small changes, and the engines of its components
	$(PY) -m tests.bench.chain --part identity --size $(SIZE)
	$(PY) -m tests.bench.chain --part components --size $(SIZE)
	$(PY) -m tests.bench.chain --part extremes --size $(SIZE)

bench-gold: setup ## Time profiles, audiences and exports after small changes: SIZE=500k for half a million persons
	$(PY) -m tests.bench.chain --part gold --size $(SIZE)

bench-silver: setup ## Time five contracts beside a plain from_json: ROWS=20k for fewer than a million records
	$(PY) -m tests.bench.chain --part silver --size $(ROWS)

bench-payload: setup ## Time normalising and hashing for Google and Meta: ROWS=20k for fewer than a million
	$(PY) -m tests.bench.chain --part payload --size $(ROWS)

bench-landing: setup ## Time many small files through landing, and the keyed hash of identifiers: SIZE=2k ROWS=1m
	$(PY) -m tests.bench.chain --part landing --size $(SIZE)
	$(PY) -m tests.bench.chain --part keys --size $(ROWS)

bench-accuracy: setup ## Precision and recall of persons on generated worlds of two seeds: SIZE=5k
	$(PY) -m tests.bench.chain --part accuracy --size $(SIZE) --small

bench-contracts: $(PROJECT) ## Time c360 contracts check on 200 contracts
	$(PY) -m tests.bench.contracts

real: setup $(REAL) ## Tests on real public data sets, which come as packages: SAMPLE=5000 for fewer rows
	C360_REAL_SAMPLE=$(SAMPLE) $(PYTEST) tests/real -m real

##@ Tidy

clean: ## Remove what runs and tools left behind
	rm -rf dist build .demo .catalog .bench .real spark-warehouse metastore_db derby.log .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

clean-all: clean ## The same, and .venv and .jars too
	rm -rf $(VENV) .jars *.egg-info

# Begins with an empty environment: a set-up that was killed halfway, or made for other locks, leaves nothing behind.
# pyspark comes as source, so the tools that build it go first, from their own lock.
$(LOCKED):
	$(ask_machine)
	@echo '[1/3] a new environment in $(VENV)'
	@'$(PYTHON)' -m venv --clear $(VENV)
	@$(PIP) install $(QUIET) --require-hashes -r requirements/build.lock
	@echo '[2/3] the locked packages: about 400 MB to download the first time'
	@$(PIP) install $(QUIET) --require-hashes --no-build-isolation -r requirements/dev.lock
	@touch $@

$(PROJECT): $(LOCKED) pyproject.toml
	@echo '[3/3] the project itself'
	@$(PIP) install $(QUIET) --no-deps --no-build-isolation --editable .
	@touch $@

$(REAL): $(LOCKED)
	@echo 'packages with real data'
	@$(PIP) install $(QUIET) --require-hashes -r requirements/real.lock
	@touch $@
