"""The training corpus for fine-tuning: read and normalised, kept apart from the benchmark, deduplicated, split, balanced.

Nothing of the corpus ships with the package. It is read from the Hub at the pinned revision, or from a local file.
"""
