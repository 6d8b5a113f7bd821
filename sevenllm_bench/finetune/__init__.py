"""Fine-tuning on SEvenLLM-Instruct: configuration, data, training, checkpoints."""
