"""Terraform plans and states, as JSON: which servers there will be, or are, and what they trust.

Read are what ``terraform show -json`` prints of a plan or a state (format version 0 and 1), and
state files of version 4. OpenTofu's are the same. Of a resource only named attributes are decoded:
user data, keys and passwords are skipped.
"""
