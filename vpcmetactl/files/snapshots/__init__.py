"""Snapshots: a fleet as it was, in JSON lines, to be audited and compared without the cloud."""
