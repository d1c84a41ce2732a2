"""What the APIs' bodies look like on the wire, one module for each API, and their translation."""
