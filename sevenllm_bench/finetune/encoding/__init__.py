"""Rows and conversations to token ids and labels."""
