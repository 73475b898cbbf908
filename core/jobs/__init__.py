"""Training in the background: the queue on this machine, the same on a cluster, and the limits on both."""
