"""Customer lifetime value: how often a customer will buy again, for how long, and for how much."""
