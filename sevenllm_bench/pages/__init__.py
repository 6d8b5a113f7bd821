"""Static pages that open from disk."""
