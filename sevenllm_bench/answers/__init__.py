"""From what a model wrote to what is scored: the final text, a JSON value, or a letter, with the reason when it fails.

Nothing here raises on a model's answer, whatever it is. `reading.read_answer` is the entry.
"""
