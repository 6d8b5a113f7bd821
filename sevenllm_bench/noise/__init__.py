"""The noise of real reports, put into incident texts: its kinds, and which text gets which by the seed."""
