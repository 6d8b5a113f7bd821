"""Tasks that encoders can run, from the benchmark's rows: retrieval, answer ranking, entities, masked terms, vulnerable code."""
