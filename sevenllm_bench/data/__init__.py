"""Rows of the benchmark: the official file, read where the user has it, and the embedded rows written by this project."""
