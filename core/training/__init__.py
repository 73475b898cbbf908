"""One training loop for both models, what it measures, and how long it takes."""
