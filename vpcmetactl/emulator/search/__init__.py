"""The emulated Global Search: which servers bear which tags."""
