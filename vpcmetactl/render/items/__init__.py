"""What JSON shows: one Struct for each shape, its field descriptions beside the fields.

These Structs are the contract with scripts. They do not follow the domain when it is renamed.
"""
