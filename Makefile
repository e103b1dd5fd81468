# Everything a fresh clone needs is here: Python 3.11 or newer and make.
#   make run     opens the dashboard on this computer with the synthetic sample clinic
#   make test    runs every test; make quick the unit tests alone, in less than a minute
# PYTHON=python3.12 chooses another Python, PORT=8060 another port, VENV=path another environment.

PYTHON ?= python3
VENV ?= .venv
PORT ?= 8050
WORKERS ?= auto
TESTS ?=
bin := $(VENV)/bin
pip := $(bin)/python -m pip --disable-pip-version-check install --quiet

.PHONY: run test quick lint format types audit constraints lowest screenshots benchmarks clean browser

run: $(VENV)/.installed
	$(bin)/ketamine-outcomes demo --port $(PORT)

test: $(VENV)/.installed-test browser
	$(bin)/python -m pytest -n $(WORKERS) --dist worksteal $(TESTS)

# Unit tests alone, for the time between two changes: no store, no server, no browser (tests/conftest.py marks them).
quick: $(VENV)/.installed-test
	$(bin)/python -m pytest -n $(WORKERS) --dist worksteal -m "unit and not slow" $(TESTS)

lint: $(VENV)/.installed-test
	$(bin)/ruff check .
	$(bin)/ruff format --check .

format: $(VENV)/.installed-test
	$(bin)/ruff check --fix .
	$(bin)/ruff format .

types: $(VENV)/.installed-test
	$(bin)/mypy

# Known vulnerabilities of the pinned dependencies, where a source can be reached; says so where none can.
audit: $(VENV)/.installed-test
	@$(bin)/python .ci/audit.py

# The set of releases that is tested, resolved for Python 3.11 and newer on Linux, macOS and Windows.
constraints: $(VENV)/.installed-test
	$(pip) uv
	$(bin)/uv pip compile --quiet --universal --python-version 3.11 --extra test --no-header --no-emit-index-url \
		--no-emit-find-links --no-annotate --upgrade --output-file constraints.txt pyproject.toml

# Every test with the oldest releases that pyproject.toml allows.
lowest: $(VENV)/.installed-test browser
	$(pip) uv
	$(bin)/uv venv --quiet --clear --python $(bin)/python $(VENV)-lowest
	$(bin)/uv pip install --quiet --python $(VENV)-lowest/bin/python --resolution lowest-direct -e '.[test]'
	$(VENV)-lowest/bin/python -m pytest -n $(WORKERS) --dist worksteal $(TESTS)

# The README's pictures, from the running application.
screenshots: $(VENV)/.installed-test browser
	$(bin)/python tests/browser/screenshots.py .github

# Each script of tests/benchmarks prints its own table.
benchmarks: $(VENV)/.installed-test
	@for script in tests/benchmarks/*.py; do \
		case $$script in */simulated_*) continue ;; esac; \
		echo "== $$script"; $(bin)/python $$script || exit 1; \
	done

clean:
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

# --- what the targets above stand on ----------------------------------------------------------

# Debian's python3 comes without venv; only root can add it, anyone else is told how.
$(bin)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "$(PYTHON) is missing or older than Python 3.11: install a newer one, or name it with PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && apt-get install -y -qq python3-venv >/dev/null; } || \
		{ echo "$(PYTHON) cannot make virtual environments: install the package python3-venv (sudo apt-get install python3-venv)" >&2; exit 1; }
	@echo "Making the environment $(VENV)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml constraints.txt | $(bin)/python
	@echo "Installing ketamine-outcomes (the first time takes a minute or two)"
	@$(pip) -c constraints.txt -e .
	@touch $@

$(VENV)/.installed-test: pyproject.toml constraints.txt | $(bin)/python
	@echo "Installing ketamine-outcomes with what its tests need (the first time takes a few minutes)"
	@$(pip) -c constraints.txt -e '.[test]'
	@touch $(VENV)/.installed $@

# The browser tests drive the system's Chromium.
browser:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || \
		{ [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && echo "Installing chromium for the browser tests" && \
			apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null; } || \
		{ echo "The browser tests need Chromium: install the package chromium (sudo apt-get install chromium)" >&2; exit 1; }
