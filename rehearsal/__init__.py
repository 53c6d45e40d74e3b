"""The rehearsal cluster: a real Kubernetes control plane with OpenShift's surroundings, as processes on one machine."""
