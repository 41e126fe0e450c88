"""The conditions that every step of a run is taken under: where chance comes from, and what running out of memory says."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from encoders.errors import TrainingError
from encoders.training.config import OptimiserSettings
from encoders.training.precision import Precision

__all__ = ["drawn_from", "out_of_memory_explained"]

_FULL = ("out of memory", "allocate memory")  # in the words of torch's allocators, which have no class in common


@contextmanager
def drawn_from(seed: int, precision: Precision) -> Iterator[None]:
    """Inside, torch draws from this seed and takes the same way each time; outside, nothing is changed."""
    on_gpu = precision.device == "cuda"
    was = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    with torch.random.fork_rng(devices=None if on_gpu else [], device_type="cuda"):
        torch.manual_seed(seed)
        try:
            if on_gpu:  # on a CPU the algorithms that are used here are deterministic as they are
                os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
                torch.use_deterministic_algorithms(True, warn_only=True)
            yield
        finally:
            torch.use_deterministic_algorithms(was[0], warn_only=was[1])


@contextmanager
def out_of_memory_explained(settings: OptimiserSettings) -> Iterator[None]:
    """Turn running out of memory into a TrainingError that says what to set."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not isinstance(error, MemoryError | torch.OutOfMemoryError) and not any(words in str(error) for words in _FULL):
            raise
        batch = settings.batch_size
        micro = min(settings.micro_batch, batch)
        if micro > 1:
            halved = f"micro_batch = {micro // 2}, which only takes more time, and go on with --resume"
        else:
            halved = f"batch_size = {max(2, batch // 2)}, and begin another run with --out FOLDER"
        raise TrainingError(
            f"out of memory with batch_size = {batch} and micro_batch = {micro}. Set [optimiser] {halved}"
        ) from error
