"""Makes the generated parts of the documentation from the program itself.

cog blocks in the Markdown files call it; ``make docs`` runs them and ``make docs-check`` fails
where a page no longer says what the program does.
"""
