"""Checks of what the model wrote, and of texts that talk to the model."""
