"""Submissions: bundles that anybody can check, the formats of the Hub and of every_eval_ever, and the check itself."""
