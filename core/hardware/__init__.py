"""Where and in which precision to compute: the device, the available CPU cores, the memory allocator."""
