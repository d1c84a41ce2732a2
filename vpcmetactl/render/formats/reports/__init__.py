"""The formats of ``audit run`` that other systems read: one module each, and what they share.

``rendering`` is the door. All of them tell the findings of the same document, in its order, and
know each by its fingerprint.
"""
