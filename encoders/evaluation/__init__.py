"""Evaluation: metrics of retrieval, on any card and data."""
