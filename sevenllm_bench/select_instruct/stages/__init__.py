"""Stages as datatrove pipelines: executors, files between stages, what is done already."""
