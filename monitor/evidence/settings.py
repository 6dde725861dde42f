"""The shape of `evidence:` and `upload:` in didban.yml: nobody is asked and nothing is uploaded without them."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from monitor.home.addresses import Authority, Home, Way
from probes.doors.schema import Strict, matching


class Evidence(Strict):
    """Who stamps the heads of days (RFC 3161).

    Attributes:
        ca_file: by which they are believed; without it, by this machine's roots.
        ways: by which they are asked, in turn; without any, those of `ship`, else the direct one.
    """

    timestamp: tuple[Authority, ...] = ()
    ca_file: str | None = None
    ways: tuple[Way, ...] = ()


class S3(Strict):
    """A bucket of any store that speaks S3, by path (`https://ENDPOINT/BUCKET/...`).

    Attributes:
        key_file: two words on one line: the access key's id, and its secret.
    """

    endpoint: Home
    bucket: Annotated[str, AfterValidator(matching("[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "the name of a bucket"))]
    region: Annotated[str, AfterValidator(matching("[a-z0-9-]{1,32}", "a region such as eu-central-1"))] = "us-east-1"
    key_file: str


class Upload(Strict):
    """Where closed hours go, whole: a store of the operator's own, for few.

    Attributes:
        url: a folder that takes HTTP PUT; or `s3`, and not both.
        ways: by which it is reached, in turn; without any, those of `ship`, else the direct one.
    """

    url: Home | None = None
    username: Annotated[str, Field(min_length=1)] | None = None
    password_file: str | None = None
    s3: S3 | None = None
    ca_file: str | None = None
    ways: tuple[Way, ...] = ()

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.url is None) is (self.s3 is None):
            raise ValueError("needs url or s3, and not both")
        if (self.username is None) is not (self.password_file is None) or (self.s3 and self.username):
            raise ValueError("username and password_file go together, with url")
        return self
