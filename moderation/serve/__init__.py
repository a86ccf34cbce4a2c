"""HTTP scoring: the wire contract of the Perspective API, and a batch interface of our own."""
