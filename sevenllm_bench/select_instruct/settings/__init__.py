"""The configuration of a corpus build, typed and validated."""
