"""The cluster itself: what it is, who we are on it, what lies around, and what would refuse our objects."""

from __future__ import annotations

from collections.abc import Iterator

from bootstrap.doctor.finding import Check, Finding
from bootstrap.doctor.sight import Sight, backends
from bootstrap.facts import APPLICATIONS, RHODS
from bootstrap.installed import PACKAGES
from bootstrap.kube import record
from bootstrap.kube.objects import Obj, Ref, carries_our_labels, conditions, dig
from bootstrap.kube.readiness import judge

OURS = {  # API groups that the demo writes to
    "",
    "apps",
    "argoproj.io",
    "datasciencecluster.opendatahub.io",
    "operators.coreos.com",
    "rbac.authorization.k8s.io",
    "route.openshift.io",
    "serving.kserve.io",
    "template.openshift.io",
}
REGISTRIES = {"minio_image": "quay.io", "triton_image": "nvcr.io"}


def openshift(sight: Sight) -> Iterator[Finding]:
    """Find a cluster that is no OpenShift, or is just being changed."""
    server = sight.session.server
    if not sight.versions:
        yield Finding(
            server,
            "is no OpenShift cluster: it has no ClusterVersion",
            "OpenShift AI, Routes and the operators come with OpenShift",
            "use another cluster, or `make rehearse` for one on this machine",
        )
    for version in sight.versions:
        moving = conditions(version).get("Progressing", {})
        if moving.get("status") == "True":
            yield Finding(
                str(Ref.of(version)),
                f"is being updated: {moving.get('message')}",
                "operators and the API server restart meanwhile",
                "wait until `oc get clusterversion` shows it done",
                blocks=False,
            )


def rights(sight: Sight) -> Iterator[Finding]:
    """Find what these credentials may not do."""
    if sight.admin or not sight.denied:
        return
    who = f"user {sight.session.user} on {sight.session.server}"
    what = f"may not: {', '.join(sight.denied)}"
    here = sight.facts is not None and sight.facts.has_rhods
    ways = ["ask an administrator for cluster-admin (`oc adm policy add-cluster-role-to-user cluster-admin <user>`)"]
    if sight.delivery == "gitops":
        ways.append("DELIVERY=direct needs fewer rights")
    why = "the demo makes these" + ("" if here else ", and installs operators")
    yield Finding(who, what, why, "; ".join(ways))


def expiry(sight: Sight) -> Iterator[Finding]:
    """Find a token that will not last for the run."""
    left = sight.expires_in
    if left is not None and left < sight.settings.timeout:
        step = "`make logout`, then run this again" if sight.session.owned else "sign in again with `oc login`"
        if sight.settings.token:
            step = "put a new TOKEN into creds.env (console, Copy login command)"
        yield Finding(
            str(sight.session.kubeconfig),
            f"its token expires in {max(0, round(left / 60))} min",
            f"a run may take {sight.settings.timeout // 60} min",
            step,
            blocks=False,
        )


def spaces(sight: Sight) -> Iterator[Finding]:
    """Find namespaces that are going away, or belong to somebody else."""
    wanted = {sight.settings.namespace, record.NAMESPACE, "redhat-ods-applications"}
    wanted |= {PACKAGES[package].namespace for package in sight.packages}
    wanted |= {name for package in sight.packages for name in PACKAGES[package].namespaces}
    for space in sight.namespaces:
        ref = Ref.of(space)
        if ref.name in wanted and dig(space, "metadata", "deletionTimestamp"):
            held = [c for c in conditions(space).values() if c.get("status") == "True"]
            said = f": {held[0].get('message')}" if held else ""
            step = f"wait until it is gone; `oc get namespace {ref.name} -o yaml` says what holds it"
            yield Finding(str(ref), f"is being deleted{said}", "nothing can be made in it", step)
        elif ref.name == sight.settings.namespace and not ours(sight, space):
            yield Finding(
                str(ref),
                "was made by somebody else: it has no label of the demo and is not in its record",
                "the demo wants a namespace of its own, and teardown would delete it",
                "set NAMESPACE to a name that is free",
            )


def refused(sight: Sight) -> Iterator[Finding]:
    """Find namespaces whose names a managed cluster keeps to itself, from cluster-admins too."""
    for name, why in sorted(sight.refused.items()):
        step = "ask an administrator to make it, or for a group that may (on ROSA: cluster-admins)"
        if name == sight.settings.namespace:
            step += ", or set NAMESPACE to another name"
        yield Finding(f"Namespace {name}", f"may not be made: {why}", "the demo makes it", step)


def ours(sight: Sight, space: Obj) -> bool:
    """Say whether a namespace is the demo's."""
    return carries_our_labels(space) or (sight.past is not None and Ref.of(space) in sight.past.created)


def other_demo(sight: Sight) -> Iterator[Finding]:
    """Find a record of a demo in another namespace, or of another cluster."""
    past = sight.past
    if past is None:
        return
    where = f"ConfigMap {record.NAMESPACE}/{record.NAME}"
    namespace = past.settings.get("NAMESPACE", sight.settings.namespace)
    if namespace != sight.settings.namespace:
        yield Finding(
            where,
            f"this cluster has a demo in namespace {namespace}",
            f"there is one demo per cluster, so a second in {sight.settings.namespace} is refused",
            f"set NAMESPACE={namespace}, or `make teardown NAMESPACE={namespace}` first",
        )
    if sight.cluster_id and past.cluster_id != sight.cluster_id:
        yield Finding(
            where,
            f"is about cluster {past.cluster_id}, but this is cluster {sight.cluster_id}",
            "a copied record would let teardown delete what is not the demo's",
            f"check that this is the right cluster, then `oc delete namespace {record.NAMESPACE}`",
        )


def leftovers(sight: Sight) -> Iterator[Finding]:
    """Find what an earlier run has left without a record."""
    if sight.past is not None:
        return
    names = {str(ref) for ref in sight.orphans}
    names |= {str(Ref.of(space)) for space in sight.namespaces if carries_our_labels(space)}
    names.discard(str(Ref("v1", "Namespace", None, record.NAMESPACE)))
    if names:
        shown = ", ".join(sorted(names)[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
        yield Finding(
            sight.session.server,
            f"there is no record of the demo, but this carries its labels: {shown}",
            "teardown deletes by the record",
            "`make teardown ADOPT_LEFTOVERS=1` removes it, or go on: what fits is used again",
            blocks=False,
        )


def webhooks(sight: Sight) -> Iterator[Finding]:
    """Find what the API server has to call before it accepts our objects, and that is gone."""
    for config, service, webhook in backends(sight):
        if service not in sight.gone:
            continue
        if not webhook:
            what, why = f"its versions are converted by {service}, which is gone", "none of its objects can be read"
            step = f"bring the operator back that owns it, or `oc delete crd {config.name}` with all its objects"
            yield Finding(str(config), what, why, step, blocks=not comes_back(sight, service))
            continue
        groups = {group for rule in webhook.get("rules") or [] for group in rule.get("apiGroups") or []}
        if not groups & {*OURS, "*"}:
            continue
        narrowed = bool(webhook.get("namespaceSelector") or webhook.get("objectSelector"))
        what = f"webhook {webhook.get('name')} calls {service}, which is gone"
        why = f"the API server {'may refuse' if narrowed else 'refuses'} what the demo makes"
        step = f"bring that Service back, or `oc delete {config.kind.lower()} {config.name}`"
        yield Finding(str(config), what, why, step, blocks=not (narrowed or comes_back(sight, service)))


def comes_back(sight: Sight, service: Ref) -> bool:
    """Say whether a Service that is gone is OpenShift AI's, and this run brings that back, or ends its removal."""
    made = {ref.name for ref in sight.past.created if ref.kind == "Subscription"} if sight.past else set()
    ours = bool(sight.past and RHODS in {*sight.past.installed, *made})
    return service.namespace in (APPLICATIONS, PACKAGES[RHODS].namespace) and (ours or sight.settings.allow_dsc_patch)


def api_services(sight: Sight) -> Iterator[Finding]:
    """Find aggregated APIs that do not answer."""
    for obj in sight.api_services:
        verdict = judge(obj)
        if verdict.failed:
            why = "while one of them is down, no namespace can be deleted"
            step = f"bring its Service back, or `oc delete apiservice {Ref.of(obj).name}` if nobody needs it"
            yield Finding(str(Ref.of(obj)), verdict.reason, why, step, blocks=False)


def images(sight: Sight) -> Iterator[Finding]:
    """Find registries that this cluster may not pull from; only a hint, the pull itself tells."""
    wanted = {registry: key for key, registry in REGISTRIES.items() if getattr(sight.settings, key) is None}
    for config in sight.images:
        allowed = dig(config, "spec", "registrySources", "allowedRegistries", default=[])
        blocked = dig(config, "spec", "registrySources", "blockedRegistries", default=[])
        for registry, key in wanted.items():
            if registry in blocked or (allowed and not any(one.split("/")[0] == registry for one in allowed)):
                why = f"the image behind {key.upper()} comes from there"
                step = f"mirror the image and set {key.upper()}"
                yield Finding(str(Ref.of(config)), f"does not allow {registry}", why, step, blocks=False)
    if sight.mirrors and wanted:
        why = "where pulls go to a mirror, " + " and ".join(key.upper() for key in wanted.values()) + " must be in it"
        step = "if pulls fail, mirror the images and name them in creds.env"
        yield Finding(str(Ref.of(sight.mirrors[0])), "images are mirrored here", why, step, blocks=False)


CHECKS = (
    Check("openshift", openshift, ("versions",)),
    Check("rights", rights, ("admin", "denied")),
    Check("token", expiry, ("expires_in",)),
    Check("namespaces", spaces, ("namespaces", "past")),
    Check("names of namespaces", refused, ("refused", "namespaces", "facts")),
    Check("record", other_demo, ("past",)),
    Check("leftovers", leftovers, ("past", "namespaces", "orphans")),
    Check("webhooks", webhooks, ("gone", "mutating", "validating", "definitions")),
    Check("aggregated APIs", api_services, ("api_services",)),
    Check("image registries", images, ("images", "mirrors")),
)
