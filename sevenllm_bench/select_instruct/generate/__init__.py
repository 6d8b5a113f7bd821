"""What the model is asked: which tasks fit a text, and a question, thought and answer for each."""
