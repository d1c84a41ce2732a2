"""The only place that knows SQLite: runs, changes and observations in one state file."""
