"""How each kind of result is shown: its columns, its summary, and what is said under it."""
