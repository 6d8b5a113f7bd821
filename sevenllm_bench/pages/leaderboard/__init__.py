"""A static leaderboard: many submissions on one page that opens from disk, with the same look as the report."""
