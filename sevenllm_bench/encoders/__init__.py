"""Encoders: their kind, vectors, pair scores, masked terms, labels; long texts; cost."""
