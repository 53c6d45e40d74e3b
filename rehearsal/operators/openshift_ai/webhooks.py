"""The operator's admission webhooks."""

from __future__ import annotations

from collections.abc import Mapping

from rehearsal.api import ApiError, Obj
from rehearsal.operators.admission import YES, Decision, Handler, denied
from rehearsal.operators.openshift_ai import conversion, datasciencecluster, dsci
from rehearsal.operators.openshift_ai.versions import Version
from rehearsal.operators.world import World

ONLY_ONE = "Only one instance of {} object is allowed"
KUEUE = "Managed is no longer supported as a managementState"
REGISTRIES = "rhoai-model-registries"
CONNECTIONS = "opendatahub.io/connections"
CONNECTION_TYPES = ("connection-type-protocol", "connection-type-ref", "connection-type")
PROFILE = "opendatahub.io/hardware-profile-name"


def handlers(world: World, version: Version) -> Mapping[str, Handler]:
    """Path to handler, for every webhook in the version's CSV."""
    rules = Rules(world, version)
    found: dict[str, Handler] = {}
    for hook in version.webhooks:
        path = str(hook["webhookPath"])
        if path.startswith("/validate-datasciencecluster"):
            found[path] = rules.validate_cluster
        elif path.startswith("/mutate-datasciencecluster"):
            found[path] = rules.default_cluster
        elif path.startswith("/validate-dscinitialization"):
            found[path] = rules.validate_initialization
        elif path == "/platform-connection-isvc":
            found[path] = rules.connect
        elif path == "/mutate-hardware-profile":
            found[path] = rules.hardware_profile
        elif path.startswith("/validate-dashboard-"):
            found[path] = rules.dashboard_kind
        else:
            found[path] = rules.accept
    return found


class Rules:
    """The webhooks of one version, with the cluster they look things up in."""

    def __init__(self, world: World, version: Version) -> None:
        self.world, self.version = world, version

    async def accept(self, request: Obj) -> Decision:
        """Yes: kinds that the rehearsal has no use for."""
        return YES

    async def validate_cluster(self, request: Obj) -> Decision:
        """One DataScienceCluster; on 3.4 no managed Kueue, and no v1 update that would lose v2-only components."""
        cluster, create = request["object"], request["operation"] == "CREATE"
        if create and await self.world.list(*datasciencecluster.kind_of(self.version)):
            return denied(ONLY_ONE.format("DataScienceCluster"))
        components = (cluster.get("spec") or {}).get("components") or {}
        if self.version.era != "3.4":
            return YES
        if _managed(components.get("kueue")):
            return denied(KUEUE)
        if not create and cluster["apiVersion"].endswith("/v1"):
            lost = await self._v2_only(cluster["metadata"]["name"])
            if lost:
                return denied(
                    "cannot modify DataScienceCluster using v1 API: v2-only components are currently Managed: "
                    f"[{' '.join(lost)}]. Use the v2 API instead, or first disable v2-only components via v2 API."
                )
        return YES

    async def _v2_only(self, name: str) -> list[str]:
        stored = await self.world.find(*datasciencecluster.kind_of(self.version), name)
        components = ((stored or {}).get("spec") or {}).get("components") or {}
        return [key for key in conversion.V2_ONLY if _managed(components.get(key))]

    async def default_cluster(self, request: Obj) -> Decision:
        """The model registry's namespace is filled in where that component is Managed."""
        registry = ((request["object"].get("spec") or {}).get("components") or {}).get("modelregistry") or {}
        if not _managed(registry) or registry.get("registriesNamespace"):
            return YES
        path = "/spec/components/modelregistry/registriesNamespace"
        return Decision(patch=[{"op": "add", "path": path, "value": REGISTRIES}])

    async def validate_initialization(self, request: Obj) -> Decision:
        """One DSCInitialization, which stays as long as there is a DataScienceCluster."""
        if request["operation"] == "CREATE":
            taken = await dsci.listed(self.world, self.version)
            return denied(ONLY_ONE.format("DSCInitialization")) if taken else YES
        if await self.world.list(*datasciencecluster.kind_of(self.version)):
            used = request["resource"]["version"]
            word = f"{used} " if self.version.era == "3.4" else ""
            return denied(f"Cannot delete DSCInitialization {word}object when DataScienceCluster object still exists")
        return YES

    async def dashboard_kind(self, request: Obj) -> Decision:
        """Profiles of the old dashboard group are refused by name."""
        kind = request["kind"]["kind"]
        wanted = "infrastructure.opendatahub.io/HardwareProfile"
        return denied(f"{request['kind']['group']}/{kind} is not supported, please use {wanted}")

    async def hardware_profile(self, request: Obj) -> Decision:
        """A hardware profile that is named must exist."""
        meta = request["object"]["metadata"]
        notes = meta.get("annotations") or {}
        name = notes.get(PROFILE)
        space = notes.get("opendatahub.io/hardware-profile-namespace") or request["namespace"]
        api = "v1" if self.version.era == "3.4" else "v1alpha1"
        if not name or await self.world.find(f"infrastructure.opendatahub.io/{api}", "HardwareProfile", name, space):
            return YES
        return Decision(False, f"hardware profile '{name}' not found in namespace '{space}'", 400, "BadRequest")

    async def connect(self, request: Obj) -> Decision:
        """The connection named on an InferenceService becomes its storage key and its ServiceAccount."""
        isvc, space = request["object"], request["namespace"]
        name = (isvc["metadata"].get("annotations") or {}).get(CONNECTIONS)
        if not name or "deletionTimestamp" in isvc["metadata"]:
            return YES
        name = name.rpartition("/")[2]
        secret = await self.world.find("v1", "Secret", name, space)
        if secret is None:
            return denied(f"Secret '{name}' referenced in annotation '{CONNECTIONS}' not found in namespace '{space}'")
        notes = secret["metadata"].get("annotations") or {}
        kind = next(
            (notes[key] for key in (f"opendatahub.io/{word}" for word in CONNECTION_TYPES) if notes.get(key)), ""
        )
        if kind != "s3":
            return YES
        if not request.get("dryRun"):
            await self._service_account(name, space)
        return Decision(patch=connection_patch(isvc, name))

    async def _service_account(self, secret: str, space: str) -> None:
        account = {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": f"{secret}-sa", "namespace": space},
            "secrets": [{"name": secret}],
        }
        try:
            await self.world.create_once(account)
        except ApiError as error:
            print(f"serviceaccount {space}/{secret}-sa: {error}", flush=True)


def connection_patch(isvc: Obj, secret: str) -> list[Obj]:
    """What the connection adds to the predictor."""
    predictor = (isvc.get("spec") or {}).get("predictor") or {}
    base = "/spec/predictor"
    patch = [{"op": "add", "path": f"{base}/serviceAccountName", "value": f"{secret}-sa"}]
    if (model := predictor.get("model")) is None:
        return patch
    if "storage" not in model:
        return [*patch, {"op": "add", "path": f"{base}/model/storage", "value": {"key": secret}}]
    return [*patch, {"op": "add", "path": f"{base}/model/storage/key", "value": secret}]


def _managed(component: Obj | None) -> bool:
    return (component or {}).get("managementState") == "Managed"
