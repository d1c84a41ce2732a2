"""Client of the metadata and identity services, run inside a server; standard library only.

Everything but `certificates` and `bundle` runs on Python 3.6, and becomes one file by `bundle`.
"""
