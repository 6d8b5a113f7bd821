"""The metrics: pure batch functions, one value per row, which know nothing of lm-eval."""
