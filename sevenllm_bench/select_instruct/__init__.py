"""Select-Instruct: from raw threat reports to a training corpus (the data half of SEvenLLM, arXiv 2405.03446, section 3)."""
