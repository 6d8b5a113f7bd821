"""What a run leaves: its folder, the checkpoint, the model card, and the way to the Hub."""
