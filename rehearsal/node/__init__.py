"""The node agent: pods bound to the one node run as processes in namespaces of their own."""
