"""The base model and its adapters: opened, checked, loaded."""
