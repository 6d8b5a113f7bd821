"""The LLM judge: its prompts, how its replies are read, the scores, and their agreement with others."""
