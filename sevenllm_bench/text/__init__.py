"""Sentences, words and indicators of compromise in English and Chinese text."""
