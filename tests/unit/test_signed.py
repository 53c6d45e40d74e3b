"""Signed reading agrees with the S3 client that writes."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
from minio.credentials import Credentials
from minio.signer import sign_v4_s3
from urllib3 import PoolManager

from bootstrap.bucket import Endpoint, stored_digest
from bootstrap.connection import Keys
from bootstrap.errors import DemoError
from bootstrap.signed import NO_BODY, Reader, signed

KEYS = Keys("demoKEY", "s3cr3t/with+signs")


@pytest.mark.parametrize("path", ["/models", "/models/triton-repo/fraud/1/model.onnx", "/models/a%20b"])
def test_a_signature_is_the_one_that_the_s3_client_makes(path: str) -> None:
    moment = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
    ours = signed("GET", "s3.example:9000", path, "20260203T040506Z", KEYS)
    given = {"Host": "s3.example:9000", "x-amz-content-sha256": NO_BODY, "x-amz-date": "20260203T040506Z"}
    theirs = sign_v4_s3(
        method="GET",
        url=urlsplit(f"http://s3.example:9000{path}"),
        region="us-east-1",
        headers=given,
        credentials=Credentials(KEYS.access, KEYS.secret),
        content_sha256=NO_BODY,
        date=moment,
    )
    assert ours["authorization"] == theirs["Authorization"]


@pytest.mark.parametrize(
    ("status", "xml", "told"), [(404, "NoSuchKey", None), (404, "NoSuchBucket", None), (403, "AccessDenied", "refuses")]
)
def test_what_is_not_there_differs_from_what_is_refused(
    monkeypatch: pytest.MonkeyPatch, status: int, xml: str, told: str | None
) -> None:
    body = f"<Error><Code>{xml}</Code></Error>".encode()
    monkeypatch.setattr(Reader, "get", lambda *_: (status, body))
    reader = Endpoint("http://s3.example", PoolManager()).reader(KEYS)
    if told is None:
        assert stored_digest(reader, "models", "a") is None
    else:
        with pytest.raises(DemoError, match=f"{told} to show a: {xml}"):
            stored_digest(reader, "models", "a")
