"""Figures of runs: which rows count where, means, errors, what is partial, the headline."""
