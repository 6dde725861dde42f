"""Who vouches for whom: the root everybody here trusts, one that signs nothing but forgeries, and leaves below them."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.x509.oid import NameOID

_AN_HOUR = datetime.timedelta(hours=1)
_HALF_A_LIFE = datetime.timedelta(days=45)  # what most sites get by now is good for ninety days


@dataclass(frozen=True, slots=True)
class Leaf:
    """A certificate with its chain, and its key."""

    chain: Path
    key: Path


class Pki:
    """`ca_file`: every trusted root. A second one among them, `state`, signs nothing but what a forger asks it for.

    Below the first stand two authorities, as not all services of the world have theirs from the same.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        root = trustme.CA(organization_name="Laboratory Root")
        state = trustme.CA(organization_name="State Root")
        self._between = root.create_child_ca()
        self._another = trustme.CA(root, path_length=0, organization_name="Another Authority")
        (issuer,) = x509.load_pem_x509_certificate(self._between.cert_pem.bytes()).subject.get_attributes_for_oid(
            NameOID.ORGANIZATION_NAME
        )
        self.issuer = str(issuer.value)  # who signs for most services here
        self.ca_file = folder / "ca.pem"
        for each in (root, state):
            each.cert_pem.write_to_path(str(self.ca_file), append=True)
        self.state = Leaf(folder / "state.pem", folder / "state-key.pem")
        state.cert_pem.write_to_path(str(self.state.chain))
        state.private_key_pem.write_to_path(str(self.state.key))

    def leaf(self, name: str, *identities: str, another: bool = False, ended: bool = False) -> Leaf:
        """For these names, below the laboratory's root and an intermediate, or another; kept under `name`.

        `ended`: it was good until an hour ago.
        """
        now = datetime.datetime.now(datetime.UTC)
        since, until = now - _HALF_A_LIFE, now - _AN_HOUR if ended else now + _HALF_A_LIFE
        by = self._another if another else self._between
        issued = by.issue_cert(*identities, common_name=name, not_before=since, not_after=until)
        return self._kept(name, issued)

    def stranger(self, name: str, *identities: str) -> Leaf:
        """For these names, from somebody nobody trusts."""
        return self._kept(name, trustme.CA(organization_name=name).issue_cert(*identities))

    def _kept(self, name: str, issued: trustme.LeafCert) -> Leaf:
        leaf = Leaf(self._folder / f"{name}-chain.pem", self._folder / f"{name}-key.pem")
        for pem in issued.cert_chain_pems:  # the intermediate is among them
            pem.write_to_path(str(leaf.chain), append=True)
        issued.private_key_pem.write_to_path(str(leaf.key))
        return leaf
