"""Sources to raw files: local files, URL lists, sitemaps, feeds; fetched politely, kept as WARC."""
