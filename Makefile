# What one does with Didban. Each target does all its own set-up on a fresh Debian 12+ or Ubuntu 24.04+ machine.
SHELL := /bin/sh
VENV ?= $(CURDIR)/.venv
PY := $(VENV)/bin/python
export VENV
# what was compiled once is kept: hundreds of daemons start in the tests
unexport PYTHONDONTWRITEBYTECODE

# what runs beside the daemon; and the real servers of the laboratory, and a browser to look at pages with
STACK := prometheus prometheus-alertmanager
LAB := $(STACK) unbound nginx-light openvpn iproute2 util-linux procps
# independent peers for what we speak ourselves (tests/lab/peers.py, tests/lab/test_within_tls.py)
PEERS := wireguard-go wireguard-tools charon-systemd strongswan-swanctl libstrongswan-standard-plugins coturn \
  shadowsocks-libev tor caddy obfs4proxy v2ray
TEST := $(LAB) $(PEERS) victoria-metrics microsocks e2fsprogs mount openssl libfaketime nftables chromium libpangoft2-1.0-0 fonts-dejavu-core curl systemd shellcheck

INSIDE := $(PY) -m tests.lab.enter $(PY) -m pytest -p no:cacheprovider

.PHONY: run responder test test-unit test-cover test-lab deployed long demo bench lint locks audit sbom fuzz soak venv-dev clean

run:
	@deploy/machine.sh have $(STACK)
	@deploy/machine.sh venv
	@deploy/run.sh

demo:
	@deploy/machine.sh have $(LAB)
	@deploy/machine.sh venv lab
	@$(PY) -m tests.lab.demo

# what a machine abroad needs to be the two-ended witness; how it goes on: deploy/responder/__init__.py
responder:
	@deploy/machine.sh venv responder
	@$(PY) -m deploy.responder --help

# what CI runs: every promise once
test: lint test-unit test-cover test-lab

venv-dev:
	@deploy/machine.sh have $(TEST)
	@deploy/machine.sh venv dev
	@deploy/machine.sh axe

lint: venv-dev
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

# what test-cover runs it need not run as well
COUNTED := tests/probes tests/golden tests/monitor/test_judge.py tests/monitor/test_schedule.py
test-unit: venv-dev
	$(PY) -m pytest -n 4 --dist worksteal -m "not lab and not evening and not long and not deployed" $(COUNTED:%=--ignore=%)

# every line of what judges, schedules, names failures and speaks protocols; which files: pyproject.toml
test-cover: venv-dev
	$(PY) -m coverage erase
	$(PY) -m coverage run -m pytest -q -n auto -m "not long" $(COUNTED)
	$(PY) -m coverage combine -q
	$(PY) -m coverage report -m --fail-under=100

# fast motion wants the machine for itself; the rest lives in two laboratories side by
# side, which know nothing of each other
FAST := tests/lab/test_evening.py tests/lab/test_matrix.py tests/lab/test_services.py
BESIDE := tests/lab/test_faults.py tests/lab/test_lies.py tests/lab/test_the_dark.py tests/lab/test_worlds.py
WHICH := -m "(lab or evening) and not long"
test-lab: venv-dev
	$(INSIDE) $(WHICH) $(FAST)
	@said=$$(mktemp); ($(INSIDE) $(WHICH) $(BESIDE) >$$said 2>&1) & beside=$$!; \
	  $(INSIDE) $(WHICH) $(FAST:%=--ignore=%) $(BESIDE:%=--ignore=%) tests/lab tests/docs; here=$$?; \
	  wait $$beside; there=$$?; cat $$said; rm -f $$said; test $$here -eq 0 -a $$there -eq 0

# images, packages, charts and roles, by the tools that will read them: in a virtual environment of their own, which
# needs a package index, as the steps of an image do; minutes, so not in `make test`
CARRIED := docker-compose lintian
deployed: venv-dev
	@deploy/machine.sh have $(CARRIED)
	@VENV=$(CURDIR)/.venv-deploy deploy/machine.sh venv deploy
	PATH="$(CURDIR)/.venv-deploy/bin:$$PATH" $(PY) -m pytest -m deployed tests/deploy/anywhere

# the full counts; writes results/long.json
long: venv-dev
	$(PY) -m tests.long

bench: venv-dev
	$(PY) -m tests.bench

# locks: what pyproject.toml newly asks for; audit: what is known of what is locked (3: it could not be asked);
# sbom: what Didban is made of
locks: venv-dev
	@deploy/lock.sh
audit: venv-dev
	@$(PY) -m deploy.audit
sbom: venv-dev
	@$(PY) -m deploy.sbom run

# every reader by atheris, 30 s each; a day of hostile servers. Both are hours of a core
fuzz: venv-dev
	$(PY) -m tests.fuzz
soak: venv-dev
	$(PY) -m tests.soak

clean:
	rm -rf $(VENV) .venv-deploy build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
