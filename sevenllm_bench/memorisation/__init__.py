"""Whether a model has seen the benchmark's rows: tests with p-values, controls and power, and their record."""
