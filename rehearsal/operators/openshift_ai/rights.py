"""What the operator may do, as its ClusterServiceVersion asks for it."""

from __future__ import annotations

from rehearsal.api import Obj
from rehearsal.operators.openshift_ai import manifests as m
from rehearsal.operators.openshift_ai.versions import Version

CHANGE = "create delete deletecollection get list patch update watch"
READ = "get list watch"


EVERY_VERSION: tuple[Obj, ...] = (
    # components bring roles of their own, so the operator must be allowed to grant what it does not have
    m.rule("rbac.authorization.k8s.io", "roles rolebindings clusterroles clusterrolebindings", "*"),
    m.rule("core", "namespaces secrets configmaps serviceaccounts services persistentvolumeclaims", CHANGE),
    m.rule("core", "namespaces/finalizers services/finalizers", "update patch"),
    m.rule("core", "events", "create patch delete get list watch"),
    m.rule("core", "pods pods/log endpoints nodes", "get list watch delete"),
    m.rule("apps", "deployments deployments/finalizers replicasets statefulsets", "*"),
    m.rule("batch", "jobs cronjobs", CHANGE),
    m.rule("autoscaling", "horizontalpodautoscalers", CHANGE),
    m.rule("networking.k8s.io", "networkpolicies ingresses", CHANGE),
    m.rule("apiextensions.k8s.io", "customresourcedefinitions", CHANGE),
    m.rule(
        "admissionregistration.k8s.io",
        "mutatingwebhookconfigurations validatingwebhookconfigurations "
        "validatingadmissionpolicies validatingadmissionpolicybindings",
        CHANGE,
    ),
    m.rule("coordination.k8s.io", "leases", CHANGE),
    m.rule("route.openshift.io", "routes routes/custom-host", CHANGE),
    m.rule("oauth.openshift.io", "oauthclients", CHANGE),
    m.rule("user.openshift.io", "groups", "create delete get list patch watch"),
    m.rule("user.openshift.io", "users", READ),
    m.rule("config.openshift.io", "*", READ),
    m.rule("console.openshift.io", "consolelinks odhquickstarts", CHANGE),
    m.rule("template.openshift.io", "templates", "*"),
    m.rule("security.openshift.io", "securitycontextconstraints", "*"),
    m.rule("monitoring.coreos.com", "*", CHANGE),
    m.rule("serving.kserve.io", "*", "*"),
    m.rule("opendatahub.io dashboard.opendatahub.io features.opendatahub.io", "*", CHANGE),
    m.rule(
        "datasciencecluster.opendatahub.io dscinitialization.opendatahub.io "
        "components.platform.opendatahub.io services.platform.opendatahub.io infrastructure.opendatahub.io",
        "*",
        "*",
    ),
    m.rule("operators.coreos.com", "subscriptions", "get list watch delete"),
    m.rule("operators.coreos.com", "clusterserviceversions", "get list watch update delete"),
    m.rule("operators.coreos.com", "operatorconditions catalogsources", READ),
    m.rule("authentication.k8s.io", "tokenreviews", "create get"),
    m.rule("authorization.k8s.io", "subjectaccessreviews", "create get"),
)


def cluster_rules(version: Version) -> list[Obj]:
    """The cluster-wide rules; they include `*` on RBAC, and no right to create Subscriptions."""
    found = list(EVERY_VERSION)
    if version.era == "3.4":
        kinds = "gatewayclasses gateways gateways/status httproutes"
        return [*found, m.rule("gateway.networking.k8s.io", kinds, CHANGE)]
    mesh = m.rule("networking.istio.io maistra.io operator.knative.dev serving.knative.dev", "*", "*")
    return [*found, mesh]


def namespaced_rules() -> list[Obj]:
    """2.8 asks for these in its own namespace too."""
    return [
        m.rule("core", "configmaps", CHANGE),
        m.rule("coordination.k8s.io", "leases", CHANGE),
        m.rule("core", "events", "create patch"),
    ]
