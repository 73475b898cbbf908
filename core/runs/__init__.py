"""Trained runs on disk: a run, the store of all runs, loading a model, exporting a run."""
