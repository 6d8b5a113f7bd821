"""What only all rows together tell: repeated rows, rows of the benchmark, and the balance of tasks and letters."""
