"""The JSON Schemas that describe every document, what is read off them, and how they are made."""
