"""The training of the second tier: a small transformer with one head per label (extra `deep-train`)."""
