"""The bridge to lm-evaluation-harness: the only package here that imports lm_eval."""
