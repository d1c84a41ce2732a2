"""From results to documents to text. Pure: no streams, no clock."""
