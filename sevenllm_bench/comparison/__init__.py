"""Runs compared: figures by task, section, kind and language, the headline score, and which differences are real."""
