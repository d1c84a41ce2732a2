"""One module for each output format; each turns documents into text."""
