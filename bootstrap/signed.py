"""Reading a bucket with signed requests: all that a look needs, without the long import of a whole S3 client."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

import urllib3

from bootstrap.connection import REGION, Keys

NO_BODY = hashlib.sha256(b"").hexdigest()


@dataclass(frozen=True, slots=True)
class Reader:
    """One server that speaks S3, read with one user's keys."""

    url: str
    pool: urllib3.PoolManager
    keys: Keys = field(repr=False)

    def head(self, bucket: str) -> int:
        """Return the status with which the server answers for a bucket."""
        return self._send("HEAD", f"/{bucket}").status

    def get(self, bucket: str, name: str) -> tuple[int, bytes]:
        """Return status and content (or the error's XML) of an object."""
        answer = self._send("GET", f"/{bucket}/{quote(name, safe='/-_.~')}")
        return answer.status, answer.data

    def _send(self, method: str, path: str) -> urllib3.BaseHTTPResponse:
        moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        headers = signed(method, urlsplit(self.url).netloc, path, moment, self.keys)
        return self.pool.request(method, self.url.rstrip("/") + path, headers=headers)


def signed(method: str, host: str, path: str, moment: str, keys: Keys, region: str = REGION) -> dict[str, str]:
    """Return the headers of a request without query and body, signed by AWS's version 4."""
    headers = {"host": host, "x-amz-content-sha256": NO_BODY, "x-amz-date": moment}
    names = ";".join(headers)
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    request = "\n".join([method, path, "", lines, names, NO_BODY])
    scope = f"{moment[:8]}/{region}/s3/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", moment, scope, hashlib.sha256(request.encode()).hexdigest()])
    key = f"AWS4{keys.secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    proof = hmac.new(key, text.encode(), "sha256").hexdigest()
    given = f"AWS4-HMAC-SHA256 Credential={keys.access}/{scope}, SignedHeaders={names}, Signature={proof}"
    return {**headers, "authorization": given}


def code(xml: bytes) -> str:
    """Return the code in an S3 error.

    >>> code(b"<Error><Code>NoSuchKey</Code></Error>")
    'NoSuchKey'
    """
    found = re.search(rb"<Code>([^<]+)</Code>", xml)
    return found[1].decode(errors="replace") if found else "no reason given"
