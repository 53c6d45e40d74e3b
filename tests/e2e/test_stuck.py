"""A teardown that cannot go on names what holds it, and goes on once that is put right."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bootstrap.kube.connection import connect
from tests.e2e.journey import User
from tests.e2e.listing import Listing, restored, settled
from tests.e2e.rehearsing import Kubectl, eventually, fault

pytestmark = [pytest.mark.e2e, pytest.mark.soak]
SPACE = "serving-demo-gitops"
AGAIN = ("teardown", "YES=1", "TIMEOUT=60")
FINALIZER = "rehearsal.test/controller-is-gone"
WEBHOOK: dict[str, Any] = {
    "apiVersion": "admissionregistration.k8s.io/v1",
    "kind": "ValidatingWebhookConfiguration",
    "metadata": {"name": "of-somebody"},
    "webhooks": [
        {
            "name": "gone.example.com",
            "rules": [
                {"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["*"], "resources": ["deployments"]}
            ],
            "clientConfig": {"service": {"namespace": "default", "name": "gone"}},
            "admissionReviewVersions": ["v1"],
            "sideEffects": "None",
        }
    ],
}


@pytest.fixture(scope="module")
def before(somebody: User) -> Listing:
    """The listing without a demo; then it is up."""
    found = settled(connect(somebody.cluster.kubeconfig))
    somebody.run("demo")
    return found


def test_a_webhook_without_a_server_is_named_before_anything_goes(
    somebody: User, kubectl: Kubectl, before: Listing
) -> None:
    first = somebody.writes()
    kubectl("apply", "-f", "-", stdin=json.dumps(WEBHOOK))
    try:
        said = somebody.run(*AGAIN, code=1)
    finally:
        kubectl("delete", "validatingwebhookconfiguration", "of-somebody")
    assert "of-somebody: webhook gone.example.com calls Service default/gone, which is gone" in said
    assert "oc delete validatingwebhookconfiguration of-somebody" in said
    assert somebody.writes() == first


def test_a_controller_that_is_down_is_named(somebody: User, kubectl: Kubectl, before: Listing) -> None:
    where = ("-n", "redhat-ods-applications")
    with fault(somebody.cluster, "image-pull", "image=model-controller"):
        kubectl("delete", "pod", "-l", "control-plane=odh-model-controller", *where)
        said = somebody.run(*AGAIN, code=1)
    assert f"InferenceService {SPACE}/fraud: finalizer odh.inferenceservice.finalizers of the model controller" in said
    assert "its Deployment redhat-ods-applications/odh-model-controller does not run" in said
    eventually(lambda: not kubectl("get", "isvc", "-n", SPACE, "-o", "name"), 120)


def test_a_finalizer_without_a_controller_is_named(somebody: User, kubectl: Kubectl, before: Listing) -> None:
    with fault(somebody.cluster, "finalizer-stuck", "object=deployment/minio", f"namespace={SPACE}"):
        said = somebody.run(*AGAIN, code=1)
    assert f"Deployment {SPACE}/minio: finalizer {FINALIZER}: its owner is not known here" in said


def test_a_namespace_that_is_held_is_explained_by_what_is_left_in_it(
    somebody: User, kubectl: Kubectl, before: Listing
) -> None:
    with fault(somebody.cluster, "namespace-stuck", f"namespace={SPACE}"):
        kubectl("delete", "namespace", SPACE, "--wait=false")
        said = somebody.run(*AGAIN, code=1)
    assert f"Namespace {SPACE}: left in it: ConfigMap {SPACE}/rehearsal-holds-this-namespace, finalizer" in said


def test_an_api_that_does_not_answer_is_named(somebody: User, kubectl: Kubectl, before: Listing) -> None:
    with fault(somebody.cluster, "namespace-stuck"):
        said = somebody.run(*AGAIN, code=1)
    assert "APIService v1.unreachable.rehearsal.test" in said
    assert "bring its Service back, or delete the APIService" in said


def test_once_all_is_put_right_it_goes_to_its_end(somebody: User, before: Listing) -> None:
    somebody.run("teardown", "YES=1")
    restored(connect(somebody.cluster.kubeconfig), before)
