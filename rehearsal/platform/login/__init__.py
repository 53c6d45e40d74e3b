"""OpenShift's password login: the OAuth server's challenge flow, its tokens, and their review for the API server."""
