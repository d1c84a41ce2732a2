"""The only place that knows click: options in, one use case, one document and an exit code out."""
