"""The API client core: what the `kubernetes` package lacks (parallel apply, waits that explain, ordered delete)."""
