"""How the starter's bridge is made: public drawings with captions -> features -> a trained head -> its weights."""
