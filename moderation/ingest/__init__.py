"""A dump of any format becomes a comment table."""
