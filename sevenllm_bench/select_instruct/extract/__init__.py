"""Raw files to clean texts: main text, title, date, language, near-duplicates."""
