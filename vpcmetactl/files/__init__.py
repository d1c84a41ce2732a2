"""The only place that reads or writes our file formats: plans and exported runs."""
