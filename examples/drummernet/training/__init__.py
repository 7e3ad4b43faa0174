"""How the network learns: what from, and what is kept of a training."""
