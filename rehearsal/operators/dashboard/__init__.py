"""A stand-in for the dashboard: one page that lists what that version of the dashboard would show."""
