"""Manifests, vectors and payloads that the store's tests share."""

import uuid

import numpy as np

from encoders.vectors import unit_rows
from indexer.store.base import Manifest

__all__ = ["DIMENSION", "MANIFEST", "make_ids", "make_payloads", "make_rows"]

DIMENSION = 8
MANIFEST = Manifest(
    card="starter",
    space="starter",
    dimension=DIMENSION,
    query_fingerprints={"text": "q1"},
    candidate_fingerprints={"image": "i1", "text": "t1"},
)


def make_ids(count, start=0):
    return [str(uuid.uuid5(uuid.NAMESPACE_OID, str(number))) for number in range(start, start + count)]


def make_rows(count, seed=0, dimension=DIMENSION):
    return unit_rows(np.random.default_rng(seed).normal(size=(count, dimension)))


def make_payloads(count, start=0):
    return [
        {"kind": "image" if number % 2 else "document", "bytes": number, "paths": [f"/p/{number}"]}
        for number in range(start, start + count)
    ]
