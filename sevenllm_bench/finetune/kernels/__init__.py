"""Attention kernels, and the check of them on the loaded model."""
