"""The configuration of a run: sections, files, recipes, and what makes two runs the same."""
