"""What ``guest`` does, run inside a server."""
