"""Images: the embedded and downloaded data sets, a person's own folder, one uploaded image."""
