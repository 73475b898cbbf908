"""Charts and pictures: pure functions of numbers and images."""
