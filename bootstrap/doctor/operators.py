"""Operators: can OLM install what is missing, and can what is there be used as it is."""

from __future__ import annotations

from collections.abc import Iterator

from bootstrap import desired
from bootstrap import facts as cluster
from bootstrap.doctor import argo_cd, service_mesh
from bootstrap.doctor.finding import Check, Finding
from bootstrap.doctor.sight import Sight, known
from bootstrap.errors import DemoError, GuardError
from bootstrap.extra_operators import extra_operators
from bootstrap.facts import GITOPS_CHANNEL, MARKETPLACE, RHODS, Operator, version_of
from bootstrap.installed import row_of
from bootstrap.kube.objects import Obj, Ref, carries_our_labels, dig
from bootstrap.kube.readiness import judge
from bootstrap.kube.readiness.openshift_ai import serves

TITLES = {RHODS: "OpenShift AI", cluster.GITOPS: "OpenShift GitOps"}
KEYS = {RHODS: "RHODS_CHANNEL", cluster.GITOPS: "GITOPS_CHANNEL"}
RIVAL = "opendatahub-operator"  # brings the same kinds
NEEDS_4_19 = (4, 19, 9)  # OpenShift AI 3


def title(package: str) -> str:
    """Return an operator as people call it."""
    more = {one.package: one.title for one in extra_operators()}
    return {**more, **TITLES}.get(package, package)


def olm(sight: Sight) -> Iterator[Finding]:
    """Find a cluster without OLM where something has to be installed."""
    if not sight.olm and sight.installing:
        titles = " and ".join(title(operator.package) for operator, _ in sight.installing)
        yield Finding(
            sight.session.server,
            "does not serve operators.coreos.com: the Operator Lifecycle Manager is missing",
            f"{titles} would be installed by it",
            "enable the cluster capability OperatorLifecycleManager, or use another cluster",
        )


def catalogs(sight: Sight) -> Iterator[Finding]:
    """Find catalogs that do not answer."""
    if not sight.installing or not sight.olm:
        return
    needed = {sight.settings.catalog_source or op.source or "redhat-operators" for op, _ in sight.installing}
    there = {Ref.of(obj).name: obj for obj in sight.catalogs if Ref.of(obj).namespace == MARKETPLACE}
    for name in sorted(needed - there.keys()):
        yield Finding(
            f"CatalogSource {MARKETPLACE}/{name}",
            f"does not exist (there: {', '.join(sorted(there)) or 'none'})",
            "the operators are installed from it",
            "set CATALOG_SOURCE to the catalog that mirrors it, or enable the default catalogs "
            "(Administration > Cluster Settings > Configuration > OperatorHub in the console)",
        )
    for name, obj in sorted(there.items()):
        state = dig(obj, "status", "connectionState", "lastObservedState") or "not started yet"
        if state == "READY":
            continue
        why = "OLM resolves nothing while a catalog of this namespace is down"
        step = f"see its pod: `oc -n {MARKETPLACE} describe pod -l olm.catalogSource={name}`; then run this again"
        said = f"{state}{pod_trouble(sight.catalog_pods, name)}"
        yield Finding(str(Ref.of(obj)), said, why, step, blocks=name in needed and state == "TRANSIENT_FAILURE")


def pod_trouble(pods: list[Obj], catalog: str) -> str:
    """Return why a catalog's pod does not run, as the end of a sentence."""
    for pod in pods:
        if dig(pod, "metadata", "labels", "olm.catalogSource") != catalog:
            continue
        for status in dig(pod, "status", "containerStatuses", default=[]):
            waits = dig(status, "state", "waiting", default={})
            if waits.get("reason"):
                message = f": {waits['message']}" if waits.get("message") else ""
                return f"; pod {Ref.of(pod).name}: {waits['reason']}{message}"
        verdict = judge(pod)
        if not verdict.ready:
            return f"; pod {Ref.of(pod).name}: {verdict.reason}"
    return ""


def channels(sight: Sight) -> Iterator[Finding]:
    """Find packages and channels that no catalog offers."""
    if not sight.olm:
        return
    for operator, asked in sight.installing:
        where = f"PackageManifest {MARKETPLACE}/{operator.package}"
        key = KEYS.get(operator.package, "the channel of its Subscription below manifests")
        why = f"{title(operator.package)} would be installed from it"
        source = sight.settings.catalog_source
        if not operator.channels:
            catalog = source or "redhat-operators"
            step = f"see whether catalog {catalog} is READY, or set CATALOG_SOURCE to one that has the package"
            yield Finding(where, "is offered by no catalog", why, step)
        elif problem := channel_problem(sight, operator, asked):
            yield Finding(where, problem, why, f"set {key} to one of: {', '.join(sorted(operator.channels))}")
        elif source and operator.source != source:
            what = f"is offered by catalog {operator.source}, and not by CATALOG_SOURCE {source}"
            step = f"mirror it into {source}, or leave CATALOG_SOURCE out"
            yield Finding(where, what, why, step)


def channel_problem(sight: Sight, operator: Operator, asked: str | None) -> str | None:
    """Return what is wrong with the channel that would be subscribed to."""
    if operator.package == RHODS:
        try:
            channel = cluster.rhods_channel(known(sight), asked)
        except DemoError as problem:
            return str(problem).split(";")[0]
        version, openshift = version_of(operator.channels[channel]), known(sight).openshift
        if version >= (3,) and openshift < NEEDS_4_19:
            return f"channel '{channel}' brings {'.'.join(map(str, version))}, which needs OpenShift 4.19.9 or newer"
        return None
    channel = asked or GITOPS_CHANNEL
    return None if channel in operator.channels else f"has no channel '{channel}'"


def subscriptions(sight: Sight) -> Iterator[Finding]:
    """Find Subscriptions that rule each other out, and settings that come too late."""
    for package in sight.packages:
        mine = [obj for obj in sight.subscriptions if dig(obj, "spec", "name") == package]
        if len(mine) > 1:
            names = ", ".join(str(Ref.of(obj)) for obj in mine)
            why = "OLM installs an operator for all namespaces once, and neither of the two goes on"
            yield Finding(TITLES[package], f"has {len(mine)} Subscriptions: {names}", why, "delete the one too many")
        for obj in mine[:1]:
            yield from late(sight, package, obj)
    for obj in sight.subscriptions:
        if dig(obj, "spec", "name") == RIVAL:
            why = "Open Data Hub and OpenShift AI own the same kinds, so only one of them fits on a cluster"
            yield Finding(str(Ref.of(obj)), "Open Data Hub is installed", why, "remove it, or use another cluster")
    spaces = {row_of(operator.package).namespace for operator, _ in sight.installing}
    for csv in sight.csvs:
        ref = Ref.of(csv)
        copied = "olm.copiedFrom" in dig(csv, "metadata", "labels", default={})
        if not copied and any(ref.name.startswith(f"{op.package}.") for op, _ in sight.installing):
            why = "OLM refuses to install an operator beside one that no Subscription owns"
            yield Finding(str(ref), "has no Subscription", why, f"`oc -n {ref.namespace} delete csv {ref.name}`")
    for obj in sight.subscriptions:
        ref = Ref.of(obj)
        if ref.namespace in spaces and dig(obj, "spec", "installPlanApproval") == "Manual":
            why = "its approval holds for every operator in that namespace, so ours would wait for somebody"
            step = "set its installPlanApproval to Automatic, or approve the InstallPlan while the run waits"
            yield Finding(str(ref), "has installPlanApproval Manual", why, step)


def late(sight: Sight, package: str, obj: Obj) -> Iterator[Finding]:
    """Find settings about an operator that is installed already, and an installation that fails."""
    rhods, settings, ref = package == RHODS, sight.settings, str(Ref.of(obj))
    asked = settings.rhods_channel if rhods else settings.gitops_channel
    channel, source = dig(obj, "spec", "channel"), dig(obj, "spec", "source")
    key = "RHODS_CHANNEL" if rhods else "GITOPS_CHANNEL"
    why = "an operator that is there is used as it is, never moved"
    if asked and channel and asked != channel:
        yield Finding(ref, f"is on channel {channel}, not {asked}", why, f"leave {key} out", blocks=False)
    if settings.catalog_source and source and settings.catalog_source != source:
        what = f"comes from catalog {source}, not {settings.catalog_source}"
        yield Finding(ref, what, why, "leave CATALOG_SOURCE out", blocks=False)
    operator = known(sight).rhods if rhods else known(sight).gitops
    for subject in (obj, operator.csv):
        verdict = judge(subject) if subject else None
        if subject and verdict and verdict.failed:
            step = "see its status.conditions, and mend it before the demo uses it"
            if carries_our_labels(obj) and "InstallPlan" in verdict.reason:
                step = "`make teardown`, then this again: OLM does not take up a failed plan a second time"
            why = f"the demo needs {TITLES[package]}"
            yield Finding(str(Ref.of(subject)), verdict.reason, why, step, blocks=not verdict.grace)
    if dig(obj, "spec", "installPlanApproval") == "Manual" and not dig(obj, "status", "installedCSV"):
        step = "approve its InstallPlan (Operators > Installed Operators in the console)"
        yield Finding(ref, "waits for somebody's approval", f"{TITLES[package]} is not installed before", step)


def groups(sight: Sight) -> Iterator[Finding]:
    """Find OperatorGroups that keep OLM from installing."""
    for package in sight.packages:
        installing = any(operator.package == package for operator, _ in sight.installing)
        homes = [Ref.of(o).namespace for o in sight.subscriptions if dig(o, "spec", "name") == package]
        home = row_of(package).namespace if installing else next(iter(homes), None)
        there = [obj for obj in sight.groups if Ref.of(obj).namespace == home]
        theirs = [obj for obj in there if not carries_our_labels(obj)]
        names = ", ".join(str(Ref.of(obj)) for obj in there)
        if len(there) > 1 or (installing and theirs):
            what = f"has {names}" if len(there) > 1 else f"has {names} already, and the demo brings its own"
            why = "OLM installs nothing in a namespace with two OperatorGroups"
            yield Finding(f"Namespace {home}", what, why, "delete the one too many")
        elif home and not installing and not there:
            what, why = "has no OperatorGroup", f"OLM installs {TITLES[package]} only with one"
            yield Finding(f"Namespace {home}", what, why, "make one with an empty spec")
        for obj in there[:1]:
            if dig(obj, "spec", "targetNamespaces"):
                why = f"{TITLES[package]} is made for all namespaces only"
                yield Finding(str(Ref.of(obj)), "names targetNamespaces", why, "take them out of its spec")


def version(sight: Sight) -> Iterator[Finding]:
    """Find an OpenShift AI that is too old, or has not what SERVING asks for."""
    found, settings = known(sight), sight.settings
    if not found.has_rhods:
        return
    try:
        cluster.era_of(found, settings.serving, settings.rhods_channel)
    except DemoError as problem:
        what, _, step = str(problem).partition("; ")
        yield Finding(TITLES[RHODS], what, "the demo serves by what this version brings", step or "see `make help`")


def instances(sight: Sight) -> Iterator[Finding]:
    """Find a DataScienceCluster of somebody else that cannot serve."""
    found = known(sight)
    theirs = [obj for obj in found.datascienceclusters if not carries_our_labels(obj)]
    try:
        era = cluster.era_of(found, sight.settings.serving, sight.settings.rhods_channel) if theirs else ""
    except DemoError:
        return  # told by the check of the version
    for obj in theirs:
        ref = str(Ref.of(obj))
        try:
            desired.made_to_serve(desired.Plan(sight.settings, found, era, sight.delivery), obj)
        except GuardError as problem:
            what, _, step = str(problem).removeprefix(f"{ref} ").partition("; ")
            yield Finding(ref, what, "it was there before, and is never changed unasked", step)
            continue
        verdict = judge(obj)
        if not verdict.ready:
            why = "the demo does not need that part" if serves(era)(obj).ready else "the demo waits for what serves"
            yield Finding(ref, verdict.reason, why, "see its status.conditions if that lasts", blocks=False)


def before(sight: Sight) -> Iterator[Finding]:
    """Find a stage that is run alone without what an earlier one brings."""
    after = [name for name in sight.stages if name in ("storage", "serving")]
    if after and "rhods" not in sight.stages and not (known(sight).has_rhods or sight.need_rhods):
        why = "the model servers get the data connection from it"
        yield Finding(
            f"stage {after[0]}", "needs OpenShift AI, which is not here", why, "run `make`, or `make rhods` first"
        )


NEEDS = ("facts", "subscriptions")
CHECKS = (
    Check("olm", olm, ("olm", "facts")),
    Check("catalogs", catalogs, ("catalogs", "facts", "olm", "catalog_pods")),
    Check("Service Mesh", service_mesh.gateway, (*NEEDS, "catalogs")),
    Check("channels", channels, ("facts", "olm")),
    Check("subscriptions", subscriptions, (*NEEDS, "csvs")),
    Check("operator groups", groups, (*NEEDS, "groups")),
    Check("stages before", before, ("facts",)),
    Check("Argo CD", argo_cd.of_somebody_else, ("facts", "argocd_clusters")),
    Check("version of OpenShift AI", version, ("facts",)),
    Check("DataScienceCluster", instances, ("facts",)),
)
