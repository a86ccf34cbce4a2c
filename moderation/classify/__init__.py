"""Labels, model bundles, probabilities, policy and explanation."""
