"""Corpora become a model bundle; evaluation, audit, model card."""
