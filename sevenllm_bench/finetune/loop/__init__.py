"""The training loop: the trainer, what it watches, logs and chooses."""
