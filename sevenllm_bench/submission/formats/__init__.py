"""The formats of leaderboards that a bundle holds."""
