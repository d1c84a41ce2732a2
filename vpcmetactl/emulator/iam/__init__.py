"""The emulated IAM token service."""
