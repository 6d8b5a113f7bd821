"""What a run takes, before anything is trained: time, memory, disk."""
