"""Training: pairs, losses, negatives, towers that can be trained, the trainer."""
