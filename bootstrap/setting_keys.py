"""Every setting there is: its name, where it may stand, and what it means. creds.env.example is this table in prose."""

from __future__ import annotations

from dataclasses import dataclass

from bootstrap import setting_values as value
from bootstrap.setting_values import Parse

STAGES = ("gitops", "rhods", "storage", "model", "serving")
IMAGE = value.matching(value.IMAGE, "is not an image; expected <registry>/<path>:<tag> or @sha256:<digest>")
NAME = value.matching(value.DNS_NAME, "is not a name: lower-case letters, digits, `-` and `.`")


@dataclass(frozen=True, slots=True)
class Key:
    """One setting."""

    name: str
    field: str
    parse: Parse = value.text
    secret: bool = False  # never shown, never on a command line
    one_run: bool = False  # says something about one run, so it may not stand in creds.env
    from_environment: bool = True
    public: bool = False  # written into the cluster record


KEYS = (
    Key("CLUSTER", "cluster", value.api_url),
    # the shell's USER is the machine's login, never the cluster's
    Key("USER", "user", from_environment=False),
    Key("PASSWORD", "password", value.secret, secret=True),
    Key("TOKEN", "token", value.secret, secret=True),
    Key("KUBECONFIG", "kubeconfig"),
    Key("CA_FILE", "ca_file", value.certificates),
    Key("HTTPS_PROXY", "https_proxy", value.proxy_url, secret=True),  # may hold the proxy's password
    Key("NO_PROXY", "no_proxy"),
    Key("NAMESPACE", "namespace", value.namespace, public=True),
    Key("REPO_URL", "repo_url", value.repository, public=True),
    Key("REVISION", "revision", value.matching(value.REVISION, "is not a branch, tag or commit"), public=True),
    Key("REPO_TOKEN", "repo_token", value.secret, secret=True),
    Key("REPO_KEY_FILE", "repo_key_file", value.existing_file),
    Key("DELIVERY", "delivery", value.one_of("gitops", "direct"), public=True),
    Key("RHODS_CHANNEL", "rhods_channel", NAME, public=True),
    Key("GITOPS_CHANNEL", "gitops_channel", NAME, public=True),
    Key("CATALOG_SOURCE", "catalog_source", NAME, public=True),
    Key("SERVING", "serving", value.one_of("auto", "modelmesh"), public=True),
    Key("MODEL", "model", value.onnx),
    Key("ANSWERS", "answers", value.existing_file),
    Key("DASHBOARD_ADMIN", "dashboard_admin", value.matching(value.USER, "is not the name of a user"), public=True),
    Key("TRITON_IMAGE", "triton_image", IMAGE, public=True),
    Key("MINIO_IMAGE", "minio_image", IMAGE, public=True),
    Key("STORAGE_CLASS", "storage_class", NAME, public=True),
    Key("TIMEOUT", "timeout", value.seconds),
    Key("STATE_DIR", "state_dir", value.folder),
    Key("ALLOW_DSC_PATCH", "allow_dsc_patch", value.flag, one_run=True),
    Key("KEEP", "keep", value.one_of("operators"), one_run=True),
    Key("PRUNE", "prune", value.flag, one_run=True),
    Key("ADOPT_LEFTOVERS", "adopt_leftovers", value.flag, one_run=True),
    Key("FORCE_FINALIZERS", "force_finalizers", value.flag, one_run=True),
    Key("DRY_RUN", "dry_run", value.flag, one_run=True),
    Key("HANDOUT", "handout", value.flag, one_run=True),
    Key("QUERY", "query", one_run=True),
    Key("FROM", "start_from", value.one_of(*STAGES), one_run=True),
    Key("YES", "yes", value.flag, one_run=True),
    Key("JSON", "json", value.flag, one_run=True),
    Key("VERBOSE", "verbose", value.flag, one_run=True),
)
BY_NAME = {key.name: key for key in KEYS}
WAYS_IN = frozenset({"CLUSTER", "USER", "PASSWORD", "TOKEN", "KUBECONFIG"})
# these mean one cluster and what it can reach; a rehearsal has its own, so creds.env's do not count there
OF_A_CLUSTER = WAYS_IN | {
    *("CA_FILE", "HTTPS_PROXY", "NO_PROXY"),
    *("REPO_URL", "REVISION", "REPO_TOKEN", "REPO_KEY_FILE"),
    *("RHODS_CHANNEL", "GITOPS_CHANNEL", "CATALOG_SOURCE"),
    *("TRITON_IMAGE", "MINIO_IMAGE", "STORAGE_CLASS"),
}
# these steer make or the rehearsal, and mean nothing to the demo
OF_MAKE = ("BIN", "MAKEFILES", "ONLY", "PART", "PYTHON", "ROLE", "SHELL", "VENV")
OF_A_REHEARSAL = ("OPENSHIFT", "REHEARSAL", "RHODS", "SNAPSHOT")
MAKE_ONLY = frozenset({*OF_MAKE, *OF_A_REHEARSAL})
