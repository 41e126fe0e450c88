"""How many steps, and how fast at each: functions of the step alone, so that a run that goes on needs to remember no more."""

import math

__all__ = ["fitting_batch_size", "rate_factor", "steps_of"]


def fitting_batch_size(pairs: int) -> int:
    """Batch size for so many pairs: large batches have more negatives, but a few pairs in one batch would make a few steps.

    >>> [fitting_batch_size(pairs) for pairs in (54, 1000, 20_000)]
    [32, 125, 256]
    """
    return min(max(pairs // 8, 32), 256)


def steps_of(rows: int, batch_size: int, epochs: int, steps: int = 0) -> tuple[int, int]:
    """(steps in all, steps an epoch). An epoch is cut into batches of one size or two neighbouring ones, none too large.

    >>> steps_of(rows=100, batch_size=64, epochs=3)
    (6, 2)
    """
    an_epoch = max(1, math.ceil(rows / batch_size))
    return steps or epochs * an_epoch, an_epoch


def rate_factor(step: int, steps: int, warm_up: float) -> float:
    """Share of the learning rate at step 0 to steps - 1: up in a line, then down along a cosine to almost 0.

    Loshchilov and Hutter 2017, equation 5, without restarts. The first step already moves, and so does the last.

    >>> [round(rate_factor(step, 6, 1 / 3), 2) for step in range(6)]
    [0.5, 1.0, 1.0, 0.85, 0.5, 0.15]
    """
    rising = round(steps * warm_up)
    if step < rising:
        return (step + 1) / rising
    return (1 + math.cos(math.pi * (step - rising) / max(1, steps - rising))) / 2
