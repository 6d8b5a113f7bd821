"""What the section "Can it be trusted?" of reports and leaderboards is made of."""
