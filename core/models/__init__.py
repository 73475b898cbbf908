"""The networks, what q(z|x) is, and the objective they minimise."""
