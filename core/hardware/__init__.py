"""Where and how precisely to compute: the device, the CPU cores that may be used, the memory allocator."""
