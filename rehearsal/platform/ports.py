"""Ports on the node address and loopback that the platform itself listens on."""

TOKEN_REVIEW_PORT = 9444
OAUTH_PORT = 9446
GIT_PORT = 9447
