"""Encoders run on their tasks: through MTEB, as a retrieval pipeline, and with probes; results in the layout of lm-eval."""
