"""One module for each command group; they do not know each other."""
