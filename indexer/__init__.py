"""Files to items to vectors to Qdrant."""
