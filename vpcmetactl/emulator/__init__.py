"""A second, independent reading of IBM's documents, served over HTTP on loopback."""
