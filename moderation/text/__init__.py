"""Text becomes features."""
