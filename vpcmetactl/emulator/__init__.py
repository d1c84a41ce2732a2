"""A second, independent reading of IBM's documents, served over HTTP on loopback.

Nothing here imports the rest of the program: a shared mapping would let one misreading of the API
cancel itself out on both sides.
"""
