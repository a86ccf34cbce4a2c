"""A run becomes summary frames, and those become renderings."""
