"""Whether this machine and this cluster can do it: every check runs, and each problem comes with its next step."""
