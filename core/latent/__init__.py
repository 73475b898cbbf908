"""The latent space: new codes, paths between codes, nearest neighbours, two-dimensional maps."""
