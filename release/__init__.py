"""What a release is made and checked with; docs/dev/releasing.md tells how.

Not called ``packaging``, because that is the import name of a library that tools need.
"""
