"""What OpenShift adds to Kubernetes and a node's neighbours do: Services, DNS, Routes, certificates, login, Git."""
