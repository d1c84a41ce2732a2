"""The emulated VPC API."""
