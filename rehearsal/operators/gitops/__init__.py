"""Stand-in for the part of OpenShift GitOps around its engine: GitopsService, the default instance, links."""
