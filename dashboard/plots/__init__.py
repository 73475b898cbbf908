"""Charts, grids of images and drawings: pure functions of numbers and images."""
