"""Reading and writing: files, JSON, YAML, secrets, the terminal."""
