"""The formats: one file per family."""
