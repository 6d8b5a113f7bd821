"""Checks of the benchmark's rows by program: which references, questions and texts have a fault, by code."""
