"""By what time certificates are judged: our own clock's while that will do, else the best that is known, or none.

OpenSSL compares dates with the system's clock, and Python cannot tell it another time. So where that clock is wrong,
OpenSSL is told to leave dates alone (X509_V_FLAG_NO_CHECK_TIME, openssl/x509_vfy.h, `X509_VERIFY_PARAM_set_flags(3)`),
and those of the chain it has verified are compared here. Names and signatures are always verified.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable
from dataclasses import dataclass

NO_CHECK_TIME = 0x200000  # Python's ssl has no name for it
_WILL_DO_MS = 120_000

Window = tuple[int, int]  # from when until when something is valid, in milliseconds since 1970


class WrongDate(ssl.SSLCertVerificationError):
    """The chain is good, but not now."""


@dataclass(frozen=True, slots=True)
class Dates:
    """Of one vantage.

    Attributes:
        now_ms: our own clock.
        estimated_ms: what time it is, as far as anybody can say; None where nobody can: then no date is wrong.
    """

    now_ms: Callable[[], int]
    estimated_ms: Callable[[], int | None]

    @property
    def ours_will_do(self) -> bool:
        estimated_ms = self.estimated_ms()
        return estimated_ms is not None and abs(estimated_ms - self.now_ms()) <= _WILL_DO_MS

    def fit(self, context: ssl.SSLContext) -> bool:
        """Has the next handshakes of a context leave dates to us, or to OpenSSL again; whether they are left to us."""
        ours = self.ours_will_do
        flags = context.verify_flags & ~NO_CHECK_TIME if ours else context.verify_flags | NO_CHECK_TIME
        if flags != context.verify_flags:
            context.verify_flags = ssl.VerifyFlags(flags)
        return not ours

    def judge(self, window: Window) -> None:
        """Raises WrongDate."""
        estimated_ms = self.estimated_ms()
        if estimated_ms is not None and not window[0] <= estimated_ms <= window[1]:
            raise WrongDate("not valid at the time it is")


OURS = Dates(lambda: 0, lambda: 0)  # whoever has nobody to ask the time trusts the system's clock


def window(tls: ssl.SSLObject) -> Window:
    """From when until when the whole chain is valid that OpenSSL has verified. Raises WrongDate where none can be read.

    Python has the chain since 3.10, in public since 3.13.
    """
    shown = [each.get_info() for each in tls._sslobj.get_verified_chain()]  # type: ignore[attr-defined]
    try:
        return narrowest(
            (ssl.cert_time_to_seconds(each["notBefore"]), ssl.cert_time_to_seconds(each["notAfter"])) for each in shown
        )
    except ValueError:
        raise WrongDate("a date in it cannot be read") from None


def narrowest(validities_s: Iterable[tuple[float, float]]) -> Window:
    """When all of them are valid. Raises ValueError for none."""
    every = list(validities_s)
    return int(max(since for since, _ in every) * 1000), int(min(until for _, until in every) * 1000)


def dated(context: ssl.SSLContext, dates: Dates) -> None:
    """Has whoever connects by this context (aiohttp does so unseen) judge dates as we do; `fit` it before each."""

    class Dated(ssl.SSLObject):
        def do_handshake(self) -> None:
            super().do_handshake()
            if self.context.verify_flags & NO_CHECK_TIME:
                dates.judge(window(self))

    context.sslobject_class = Dated
