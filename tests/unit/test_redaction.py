"""No form of a secret stays in a text."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest

from bootstrap.redaction import HIDDEN, Redactor, bare, values_in, values_of
from bootstrap.secret import Secret
from bootstrap.settings import Settings
from tests.unit.cluster import obj

CANARY = 'p/ss"w0rd+x='


def secret(**data: str) -> dict:
    return obj("v1", "Secret", "s", "n", data={k: base64.b64encode(v.encode()).decode() for k, v in data.items()})


@pytest.mark.parametrize(
    "form",
    [CANARY, base64.b64encode(CANARY.encode()).decode(), quote(CANARY, safe=""), json.dumps(CANARY)],
    ids=["plain", "base64", "url", "json"],
)
def test_every_form_of_a_known_value_goes(form: str) -> None:
    found = Redactor(values_of(secret(password=CANARY))).text(f"before {form} after")
    assert form not in found
    assert found.startswith("before ")
    assert found.endswith(" after")
    assert HIDDEN in found


@pytest.mark.parametrize(
    "text",
    [
        "token sha256~abcdefghijklmnopqrstuvwxyz0123456789",
        "Authorization: Bearer abcdefgh12345",
        "Authorization: Basic Z2l0Omh1bnRlcjI=",
        "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJrdWJlcm5ldGVzIn0.c2lnbmF0dXJl",
        "https://user:hunter2222@proxy.example.com",
        "-----BEGIN PRIVATE " + "KEY-----\nabc\n-----END PRIVATE KEY-----",
    ],
    ids=lambda text: text[:12],
)
def test_what_looks_like_a_secret_goes_too(text: str) -> None:
    found = Redactor([]).text(text)
    assert HIDDEN in found
    assert not {"hunter2222", "abcdefgh12345", "Z2l0Omh1bnRlcjI=", "c2lnbmF0dXJl"} & set(
        found.replace("@", " ").split()
    )


def test_a_secret_inside_of_json_goes_and_what_everybody_knows_stays() -> None:
    held = secret(
        connection=json.dumps({"secret_access_key": "abcdefgh", "region": "us-east-1"}), AWS_S3_BUCKET="models"
    )
    assert Redactor(values_of(held)).text("abcdefgh us-east-1 models") == f"{HIDDEN} us-east-1 models"


def test_settings_give_their_secrets() -> None:
    assert list(values_in(Settings(password=Secret("one"), repo_token=Secret("two")))) == ["one", "two"]


def test_an_object_is_bare_of_data_of_history_and_of_telling_environment() -> None:
    env = [{"name": "API_TOKEN", "value": "abc"}, {"name": "MODE", "value": "fast"}]
    pod = obj("v1", "Pod", "p", "n", spec={"containers": [{"env": env}]})
    pod["metadata"] |= {
        "managedFields": [{}],
        "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}", "kept": "yes"},
    }
    found = bare(pod)
    assert [one["value"] for one in found["spec"]["containers"][0]["env"]] == [HIDDEN, "fast"]
    assert "managedFields" not in found["metadata"]
    assert found["metadata"]["annotations"] == {"kept": "yes"}
    assert bare(secret(a="b"))["data"] == {"a": HIDDEN}
    assert env[0]["value"] == "abc"  # the object itself is as it was
