# Works with GNU make 3.81 (macOS) and any POSIX sh. "make help" lists the targets.

# The first Python that is new enough; PYTHON=... names another.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.14; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$p"; break; }; done)
VENV := .venv
BIN := $(VENV)/bin

# What is installed is written into .venv under the check sums of the lists, so a changed list is installed anew; so is
# everything once the Python that .venv was made with is gone.
$(shell [ -x $(BIN)/python ] || rm -f $(VENV)/.app-* $(VENV)/.test-*)
APP_READY := $(VENV)/.app-$(shell cksum < requirements.txt | tr ' ' -)
TEST_READY := $(VENV)/.test-$(shell cat requirements.txt requirements-dev.txt | cksum | tr ' ' -)

SUDO = $(shell [ "$$(id -u)" = 0 ] || command -v sudo)
APT = $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get -q -y
CHROMIUM = $(shell for c in chromium chromium-browser google-chrome google-chrome-stable \
	/Applications/Chromium.app/Contents/MacOS/Chromium "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"; do \
	command -v "$$c" && break; done)

# What runs beside others says what it has to say in one piece, once it is done; its exit status stays its own.
IN_ONE_PIECE = said=$$($(1) 2>&1); status=$$?; printf '%s\n' "$$said"; exit $$status

.PHONY: help app install test test-browsers lint types units browsers format browser demo clean
.DEFAULT_GOAL := help

help: ## list these targets
	@sed -n 's/^\([a-z-]*\):.*## /\1	/p' Makefile | while IFS='	' read -r name what; do printf '  make %-14s %s\n' "$$name" "$$what"; done
	@echo "  Without a GPU, on Linux: make app TORCH_INDEX=<PyTorch's CPU wheel index> spares gigabytes of CUDA."

app: $(APP_READY) ## everything a fresh machine needs, then the app with the demo study open
	@exec $(BIN)/python -m listening_tests serve $(ARGS)

install: $(APP_READY) ## only what "make app" installs

# The browser tests wait much and mypy uses one core, so they run beside the others; -k: all say what they found.
test: ## everything the tests need, then linting, typing and all tests
	@$(MAKE) -j 2 $(TEST_READY) browser
	@$(MAKE) lint
	@$(MAKE) -k -j 3 types units browsers

# What cannot be installed is skipped, and the tests say which browser that was.
test-browsers: $(TEST_READY) browser ## the listener's page in Firefox and WebKit, every fault at every step, the whole demo study
	@if command -v apt-get >/dev/null; then for package in firefox-esr webkit2gtk-driver xvfb; do \
		dpkg -s $$package >/dev/null 2>&1 || $(APT) install --no-install-recommends $$package || { \
			$(APT) update && $(APT) install --no-install-recommends $$package; } || echo "$$package cannot be installed."; \
	done; else echo "Firefox and WebKit are looked for where Debian puts them; without apt-get they are not installed."; fi
	EARWITNESS_CHROMIUM="$(CHROMIUM)" $(BIN)/pytest -rs tests/other_browsers

lint: $(TEST_READY) ## ruff: form and common mistakes
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(TEST_READY) ## mypy
	@$(call IN_ONE_PIECE,$(BIN)/mypy)

units: $(TEST_READY) ## all tests but those that drive a browser
	$(BIN)/pytest -n 2 --dist worksteal --ignore=tests/browser --ignore=tests/other_browsers

browsers: $(TEST_READY) browser ## the tests in a real Chromium
	@$(call IN_ONE_PIECE,EARWITNESS_CHROMIUM="$(CHROMIUM)" $(BIN)/pytest -n 2 --dist worksteal tests/browser)

format: $(TEST_READY) ## let ruff put the form right
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

demo: $(APP_READY) ## speak the demo study's clips anew (needs espeak-ng)
	$(BIN)/python data/demo/make.py

clean: ## remove the virtual environment; answers and runs stay
	rm -rf $(VENV)

$(BIN)/python:
	@[ -n "$(PYTHON)" ] || { echo "Earwitness needs Python 3.11 or newer; none was found. Install one, or say PYTHON=/path/to/python3."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		package="python$$($(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv"; \
		echo "$(PYTHON) lacks its venv module; Debian keeps it in $$package."; \
		command -v apt-get >/dev/null && $(APT) update && $(APT) install "$$package" || { \
			echo "Please install it (as root: apt-get install $$package), then call make again."; exit 1; }; }
	$(PYTHON) -m venv --clear $(VENV)

# TORCH_INDEX: a wheel index whose build of the pinned torch is to be taken (PyTorch's CPU index has one without CUDA).
$(APP_READY): | $(BIN)/python
	@echo "Installing what requirements.txt lists into $(VENV); this happens once, and downloads one to three gigabytes."
	@[ "$$(uname)" != Linux ] || [ -n "$(TORCH_INDEX)" ] || command -v nvidia-smi >/dev/null || \
		echo "No NVIDIA GPU is seen here: 'make app TORCH_INDEX=<PyTorch's CPU wheel index>' downloads far less (see README.md)."
	@[ -z "$(TORCH_INDEX)" ] || $(BIN)/python -m pip install --disable-pip-version-check \
		"$$(grep '^torch==' requirements.txt)" --index-url "$(TORCH_INDEX)"
	$(BIN)/python -m pip install --disable-pip-version-check --progress-bar off -r requirements.txt
	@rm -f $(VENV)/.app-* && touch $@

$(TEST_READY): $(APP_READY)
	$(BIN)/python -m pip install --disable-pip-version-check --progress-bar off -r requirements-dev.txt
	@rm -f $(VENV)/.test-* && touch $@

# The browser tests drive a real Chromium; without a font for Chinese its pictures would show empty boxes.
browser: ## the browser that the tests drive
	@if command -v apt-get >/dev/null; then \
		missing=; [ -n "$(CHROMIUM)" ] || missing=chromium; \
		dpkg -s fonts-noto-cjk >/dev/null 2>&1 || missing="$$missing fonts-noto-cjk"; \
		[ -z "$$missing" ] || { $(APT) update && $(APT) install --no-install-recommends $$missing; } || { \
			echo "Please install (as root): apt-get install $$missing"; exit 1; }; \
	elif [ -z "$(CHROMIUM)" ]; then \
		echo "The browser tests need Chromium or Google Chrome, and a font for Chinese. On macOS: brew install --cask chromium."; \
		exit 1; \
	fi
