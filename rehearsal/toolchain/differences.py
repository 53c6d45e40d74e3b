"""What of the modules' sources is built otherwise, and why."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Change:
    """A passage of a module's source that is built otherwise, with the reason beside it below."""

    module: str
    file: str
    before: str
    after: str


ARGOCD_OPERATOR = "github.com/argoproj-labs/argocd-operator"
# OLM's clients ask five times a second, and none of its flags says otherwise: where the API server answers in a
# millisecond, those pauses are most of an installation's time
UNHURRIED = (
    Change("k8s.io/client-go", "rest/config.go", "DefaultQPS   float32 = 5.0", "DefaultQPS   float32 = 100.0"),
    Change("k8s.io/client-go", "rest/config.go", "DefaultBurst int     = 10", "DefaultBurst int     = 200"),
)
# Argo CD reads all of OpenAPI anew at each event of each CRD, one after the other and under the lock of its cache: an
# installation of operators brings hundreds, and most change only a label or a condition that OpenAPI does not know
_ENGINE = "github.com/argoproj/gitops-engine"
ONCE_SERVED = (
    Change(
        _ENGINE,
        "pkg/cache/cluster.go",
        "\t\t\t\tif kube.IsCRD(obj) {\n\t\t\t\t\tvar resources",
        "\t\t\t\tif kube.IsCRD(obj) && (event.Type != watch.Modified || servedAnew(obj)) {\n\t\t\t\t\tvar resources",
    ),
    Change(
        _ENGINE,
        "pkg/cache/cluster.go",
        "\nfunc (c *clusterCache) watchEvents(",
        """
var servedCRDs sync.Map

// servedAnew tells whether what the API server serves for a CRD may have changed since the last event
func servedAnew(crd *unstructured.Unstructured) bool {
	state := fmt.Sprint(crd.GetUID(), crd.GetGeneration())
	conditions, _, _ := unstructured.NestedSlice(crd.Object, "status", "conditions")
	for _, condition := range conditions {
		if found, ok := condition.(map[string]any); ok && found["type"] == "Established" {
			state += fmt.Sprint(found["status"])
		}
	}
	before, _ := servedCRDs.Swap(crd.GetName(), state)
	return before != state
}

func (c *clusterCache) watchEvents(""",
    ),
)
# the engine lets the controller of the default instance do everything; OpenShift GitOps puts these rules in its place,
# inside of the same process
AS_THE_PRODUCT = (
    Change(
        ARGOCD_OPERATOR,
        "controllers/argocd/policyrule.go",
        "policyRule: policyRuleForApplicationController(),\n\t\t}, {\n\t\t\tname:       common.ArgoCDServerComponent,\n"
        "\t\t\tpolicyRule: policyRuleForServerClusterRole(),",
        "policyRule: policyRuleForClusterConfig(),\n\t\t}, {\n\t\t\tname:       common.ArgoCDServerComponent,\n"
        "\t\t\tpolicyRule: policyRuleForServerClusterRole(),",
    ),
    Change(
        ARGOCD_OPERATOR,
        "controllers/argocd/policyrule.go",
        "\nfunc appendOpenShiftRestrictedSCC(",
        """
// policyRuleForClusterConfig lets the controller read everything, and configure the cluster
func policyRuleForClusterConfig() []v1.PolicyRule {
	all := []string{"*"}
	core := []string{"namespaces", "persistentvolumeclaims", "persistentvolumes", "configmaps"}
	rules := []v1.PolicyRule{
		{APIGroups: all, Resources: all, Verbs: []string{"get", "list", "watch"}},
		{NonResourceURLs: all, Verbs: []string{"get", "list"}},
		{APIGroups: []string{""}, Resources: core, Verbs: all},
		{APIGroups: []string{""}, Resources: []string{"serviceaccounts"}, Verbs: []string{"impersonate"}},
		{APIGroups: []string{"compliance.openshift.io"}, Resources: []string{"scansettingbindings"}, Verbs: all},
	}
	for _, group := range []string{
		"operators.coreos.com", "operator.openshift.io", "user.openshift.io", "config.openshift.io",
		"console.openshift.io", "rbac.authorization.k8s.io", "storage.k8s.io", "machine.openshift.io",
		"machineconfiguration.openshift.io",
	} {
		rules = append(rules, v1.PolicyRule{APIGroups: []string{group}, Resources: all, Verbs: all})
	}
	return rules
}

func appendOpenShiftRestrictedSCC(""",
    ),
)
