"""The review app: a web page on which people decide about the flagged comments of a run."""
