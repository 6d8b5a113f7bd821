"""What training takes: parameters, gradients, optimizer, activations."""
