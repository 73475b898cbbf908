"""Images: the embedded and downloaded data sets, folders of images, uploaded images."""
