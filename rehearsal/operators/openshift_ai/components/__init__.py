"""What each component of OpenShift AI puts on a cluster, as plain objects."""
