"""What a fresh rehearsal cluster is given before anyone uses it."""
