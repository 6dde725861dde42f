"""Modules that make something of bytes or text which no stranger writes, each with the reason it needs no fuzzing."""

from __future__ import annotations

_KEYS = "keys of its own keeper, who is told what is wrong with them; nothing else reaches it"
_OURS = "what this very program wrote in the same process, or ships"
_TABLE = "what the table's readers have read already"

OUR_OWN: dict[str, str] = {
    "deploy/sbom.py": f"{_OURS}: pyproject.toml and its locks",
    "deploy/audit.py": "what pip-audit, which it has just started, wrote; every shape of it is in tests/deploy/test_supply.py",
    "deploy/bundle/__main__.py": _KEYS,
    "deploy/container/healthy.py": "an address of its own keeper; of an answer the status alone, by http.client",
    "deploy/responder/__main__.py": _KEYS,
    "deploy/responder/daemon.py": _KEYS,
    "deploy/responder/init.py": _KEYS,
    "monitor/backtest/hearing.py": f"{_OURS}: the names in the shipped rules",
    "monitor/backtest/lived/cast.py": f"{_OURS}: the names of operators in the shipped countries",
    "monitor/backtest/replay.py": f"{_TABLE}: labels of an export or a spool, written anew by monitor/stored",
    "monitor/backtest/worlds/beside.py": f"{_OURS}: countries and noise beside the worlds, by the reader of `yaml`",
    "monitor/beat/spread.py": "eight bytes of an HMAC",
    "monitor/cli/renewal.py": _KEYS,
    "monitor/dossier/thinned.py": f"{_OURS}: an address of its own configuration",
    "monitor/evidence/forms/openmetrics.py": f"{_TABLE}: labels as monitor/stored gives them",
    "monitor/evidence/store/sigv4.py": f"{_OURS}: the store's address in its own configuration",
    "monitor/evidence/store/uploading.py": "letters of a sum of its own bytes",
    "monitor/home/posting.py": "`fit` is of a TLS context there, and no document",
    "monitor/hub/enrol.py": _KEYS,
    "monitor/hub/forward.py": "the first words of a database's refusal, for the log: decoded with replacement",
    "monitor/keeping/again.py": f"{_TABLE}: its own memory, through the door of monitor/decoding.py",
    "monitor/keeping/wiping.py": "decoded with replacement, and looked for one word",
    "monitor/meaning/networks.py": f"{_OURS}: countries, by the reader of `yaml`",
    "monitor/relay/outbox.py": "`compose` makes a message there, and reads none",
    "monitor/relay/receipts.py": f"{_OURS}: a row of the relay's own database",
    "monitor/relay/relay.py": "`compose` makes a message there, and reads none",
    "monitor/relay/taking.py": f"{_OURS}: a row of the relay's own database",
    "monitor/renewal/fetching.py": "`fit` is of a TLS context there; what comes is read by monitor/renewal/shelf.py",
    "monitor/stored/proof.py": f"{_TABLE}: labels as monitor/stored gives them",
    "monitor/telling/board.py": f"{_OURS}: the status of a daemon on this machine",
    "monitor/telling/proven.py": f"{_TABLE}: labels as monitor/stored gives them",
    "probes/doors/names.py": "two bytes of a length; what stands behind them is read by probes/doors/messages.py",
}
