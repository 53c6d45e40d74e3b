"""The operator catalogs of the rehearsal: which packages, channels and versions they offer, and their bundles."""
