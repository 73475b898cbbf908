"""Trained runs on disk: the store, loading a model by name, an archive to take home."""
