"""A stand-in for the OpenShift AI operator 2.8, 2.25 and 3.4, as an installer and a dashboard user see it."""
