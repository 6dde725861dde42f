r"""The two-ended witness: a small server of one's own that says what reached it and what it sent, and never who asked.

It completes TLS and QUIC for *any* name with its own certificate, serves 64 KB, and answers OpenVPN, WireGuard, DNS,
and WhatsApp's greeting under a root key of its own.
What it saw goes into a signed log. Joined with a walk of a vantage (`probes.witness`) that says "ClientHello arrived,
ServerHello left, ServerHello never came", where the walk alone says "timeout". It is also the clean column of every
comparison: a name that is filtered somewhere is said to this server, and never to a stranger's.

Setting one up, on a small machine abroad that nobody else uses (Debian 12 or later):

    git clone ... /opt/didban && cd /opt/didban && make responder
    useradd --system didban-responder
    .venv/bin/python -m deploy.responder init --name witness.example.org --address 203.0.113.7 \
        --out /etc/didban-responder
    chown -R didban-responder: /etc/didban-responder
    cp deploy/responder/didban-responder.service /etc/systemd/system/ && systemctl enable --now didban-responder

`init` makes a certificate authority for this one server, its certificate, the key that signs the log, and a token for
whoever may ask for lines of it. A vantage then needs, in `didban.yml` and beside it, `tls: {ca_file: ca.pem}`,
`services: [..., ./witness.yml]`, which asks it for every protocol, and the line that `init` prints, `responder: {name,
address, key, token_file}`: with it the daemon and `didban probe` ask by themselves, by any way home, what was seen of
their own walks. `responder: witness.example.org` (or its address) alone asks for nothing. A certificate of a public
authority does as well: name its files in `responder.yml`.

A second responder, at another provider's (`init --service witness-2`), makes the difference between "this host no
longer speaks it" and `protocol_filtered`: that is only said of what fails at two hosts that answer by plain TLS.

What the log holds. One JSON object a line: `n`, `at_ms` (UTC), `what`, facts, `prev` (SHA-256 of the line before) and
`sig` (Ed25519 of the line up to there). No address, no name that was asked for, no path. What joins a line with a walk
is `walk`, the SHA-256 of bytes that only the two ends and whoever listened on the line have seen:

    tls, https   the 32 bytes of `random` in the ClientHello; `body` is the SHA-256 of the whole message
    quic         the first destination connection id
    openvpn      the client's session id, 8 bytes
    wireguard    the ephemeral key of the initiation, 32 bytes
    whatsapp     the ephemeral key of the greeting, 32 bytes
    dns          id and question, only for names of our own zone: say a random label there

    opened, minute, closed_log         this program lives; `since_ms`: from when on without a break
    accepted, hello_arrived, server_hello_left, alert_left, alert_arrived, handshake_done, body_left, ended
    asked, answered, ignored           one datagram

`ended` says by whom (`us`, `peer`, `peer_reset`, `network`, `deadline`), what was `sent`, and how much of it the far
end's kernel, or somebody in its name, has `acked`. A seized log says when somebody measured, and no more; whoever
recorded the line knew that already. What said nothing, or no TLS, is counted in the minute's line and is in no other.

    python -m deploy.responder verify --key log.pub responder.*.log

names the lines that were altered or lost. Lines cut from the end leave no trace in what remains: whoever fetched a
later line once can prove it (`--seen FILE`).

Lines of a walk: `GET /witness/HASH` within TLS with `Authorization: Bearer TOKEN`, by whatever way is left.

What it is not: an open resolver, a relay, a VPN, a shell. No byte of an answer depends on anybody but the asker; no
answer by UDP is longer than what asked for it and 16 bytes; QUIC's, until the address has shown that it is one, no
longer than three times as much.
"""
