"""Results of lm-eval as typed records: which files make a run, what is in them, and which runs can be compared."""
