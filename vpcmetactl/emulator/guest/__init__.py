"""The emulated services that a server reaches at its metadata address."""
