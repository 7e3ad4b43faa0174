"""From audio to hits: the network, and all that is done with what it hears."""
