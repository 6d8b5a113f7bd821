"""The LLM judge: what it is asked, how its replies are read, what they add up to, and whom they agree with."""
