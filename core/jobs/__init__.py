"""Training in the background: the queue, the workers on this machine or on a cluster, and the limits."""
