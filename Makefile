# What one does with Didban. Each target does all its own set-up on a fresh Debian 12+ or Ubuntu 24.04+ machine.
SHELL := /bin/sh
VENV ?= .venv
PY := $(VENV)/bin/python
export VENV

# what the tests need beside Python: the real servers of the laboratory, and a browser to look at pages
TEST_PACKAGES := prometheus prometheus-alertmanager unbound nginx-light openvpn iproute2 procps util-linux chromium

.PHONY: run test test-unit test-lab long demo bench lint clean

lint: ; @deploy/machine.sh venv dev
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

test-unit: lint
	$(PY) -m pytest -n auto -m "not lab and not evening and not long"

test: test-unit

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
