"""What can be wrong, in the words of whoever has it: each with a part of the message that says so."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault; `said` is a part of its message, `do` what to do where the message itself does not end with it."""

    name: str
    said: str
    do: str = ""


AGAIN = "the same command goes on from there"
FAULTS: dict[str, tuple[Fault, ...]] = {
    "creds.env": (
        Fault("it is missing", "nothing says which cluster to use", "one of the three ways that the message lists"),
        Fault("it cannot be read", "cannot be read: permission denied; make it yours"),
        Fault("an unknown key", "is no setting; did you mean"),
        Fault("a key twice", "is already set on line"),
        Fault("an empty value", "is empty; give it a value or delete the line"),
        Fault("a quote that does not close", "and does not end with it; close the quote"),
        Fault("a line that is no KEY=VALUE", "this line cannot be read; expected KEY=VALUE"),
        Fault("CLUSTER is not a URL", "is not an https URL; expected"),
        Fault("CLUSTER is http", "is http: signing in needs https"),
        Fault("CLUSTER is the console's address", "is the web console"),
        Fault("CLUSTER has a path", "has a path after the host"),
        Fault("the host does not answer", "is the address right and the cluster up?"),
        Fault("the certificate is not trusted", "is not trusted"),
        Fault("the password is wrong", "or PASSWORD is wrong"),
        Fault("the cluster signs in through a web page", "can only sign in through a web page"),
        Fault("the cluster has another identity provider (OIDC)", "has no OAuth server of OpenShift"),
        Fault(
            "the user is no administrator",
            "may not: <denied>",
            do="sign in as a cluster administrator, or ask one for the rights that are named",
        ),
        Fault("the token has expired", "TOKEN is not accepted (expired or revoked)"),
        Fault("a password on make's command line", "can be read by everybody on this machine"),
    ),
    "KUBECONFIG": (
        Fault("the file is missing", "KUBECONFIG: there is no file"),
        Fault("it is not YAML", "is not YAML"),
        Fault("no current context among several clusters", "has no current-context (contexts in it"),
        Fault("its credentials have expired", "does not accept the credentials of user"),
        Fault("it means another cluster than CLUSTER", "leave one of them out, so that nothing happens on the wrong"),
    ),
    "The cluster": (
        Fault("it is no OpenShift", "is no OpenShift cluster"),
        Fault("no OLM", "the Operator Lifecycle Manager is missing"),
        Fault("a catalog is down", "OLM resolves nothing while a catalog of this namespace is down"),
        Fault("the channel is gone", "has no channel '<channel>'; <package> would be installed"),
        Fault("a second Subscription", "OLM installs an operator for all namespaces once"),
        Fault("a second OperatorGroup", "OLM installs nothing in a namespace with two OperatorGroups"),
        Fault("an operator of another catalog", "comes from catalog <source>, not"),
        Fault("an InstallPlan waits for approval", "waits for somebody's approval; <package> is not installed"),
        Fault("a DataScienceCluster without KServe", "so nothing can be served; set its spec.components"),
        Fault("OpenShift AI 1.x", "is too old: this demo needs 2.4 or newer"),
        Fault("no default StorageClass", "StorageClass: none is the default"),
        Fault("the nodes are full", "are free on <free> nodes"),
        Fault("a quota is too small", "of which <key> is used"),
        Fault("the namespace is being deleted", "nothing can be made in it"),
        Fault("the namespace is somebody else's", "was made by somebody else"),
        Fault("a webhook that is not up", "which is gone; the API server may refuse"),
        Fault("the API server restarts, or answers 429", "the API server is overloaded or restarting"),
        Fault(
            "an image cannot be pulled",
            "container <name>: <reason> <why>",
            "see the image's registry and its pull secret",
        ),
        Fault("the repository cannot be reached", "cannot be read from here: <problem>; Argo CD delivers"),
    ),
    "A run": (
        Fault("it was stopped by Ctrl-C", "stopped; the same command goes on from here", AGAIN),
        Fault("it was killed", "one that was killed is forgotten"),
        Fault("two at once", "another run is at work on this cluster"),
        Fault("something does not become ready", "waited <timeout> s for <why>", "what is not ready is named below it"),
        Fault("something can never become ready", "waiting for <why> cannot succeed", "the reason is named below it"),
        Fault("an object does not go away", "FORCE_FINALIZERS=1 takes the finalizers off"),
        Fault("the prediction is another one", "expected <want>, got <value>"),
    ),
    "The rehearsal": (
        Fault(
            "this machine cannot run one",
            "user namespaces are switched off",
            "`make rehearsal-check` shows all it needs",
        ),
        Fault("there is none of that name", "` makes one"),
        Fault("another release runs already", "has <word> <actual>, not <wanted>"),
        Fault("another command is at work on it", "another command has been at work on rehearsal", "wait for that one"),
        Fault("a part does not stay up", "does not stay up", "`make rehearsal-logs PART=<part>` shows its log"),
        Fault(
            "the node does not become ready", "is not Ready after", "`make rehearsal-status` says which part is not up"
        ),
        Fault("a build failed", "failed with <returncode>; the end of <log>", "mend it; what is built is kept"),
    ),
    "Teardown and reset": (
        Fault("the wrong cluster", "the record is about cluster"),
        Fault("no record", "ADOPT_LEFTOVERS=1` deletes all of it"),
        Fault("nothing of the demo is here", "and nothing with its labels: there is no demo here", "nothing to do"),
        Fault(
            "somebody else's objects in our namespace",
            "it holds what is not ours",
            "it stays with them, and the record too; move or delete them, then run teardown again",
        ),
        Fault("nobody can be asked", "YES=1 says yes where nobody can be asked"),
    ),
}
