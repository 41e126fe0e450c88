"""Which way to run a network is the quickest on this machine: measured at the first start, and kept beside the networks.

The first candidate is in float32. One in less is held to it, and not taken where its answers point elsewhere. A later candidate
must be clearly quicker than one before it, so that noise changes nothing where both are as good.
"""

import contextlib
import hashlib
import json
import os
import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from encoders.network import Arrays, Runner

__all__ = ["Candidate", "Finding", "best_of", "keep_findings", "kept_findings", "measure", "tell_findings"]

_ROUNDS = 3
_SECONDS = 5.0  # no round is begun after so many
_CLEARLY = 0.9  # of the seconds of the best one before it
_PARITY = 0.999  # cosine to float32, of the worst row of the example


@dataclass(frozen=True)
class Candidate:
    """One way to run a network.

    >>> str(Candidate("openvino", "cpu", "bf16"))
    'OpenVINO bf16'
    """

    engine: str  # "torch" or "openvino"
    device: str  # as torch names it: "cpu", "cuda", "mps"
    precision: str  # "f32", "bf16" or "f16"

    def __str__(self) -> str:
        return f"{'OpenVINO' if self.engine == 'openvino' else self.engine} {self.precision}"


@dataclass(frozen=True)
class Finding:
    """What came out for one candidate."""

    seconds: float | None  # for one call with the example, the quickest of a few; None: it cannot run this network
    cosine: float = 1.0  # to the first candidate, of the worst row
    reason: str = ""  # why it cannot run it

    def fits(self, candidate: Candidate) -> bool:
        """It runs, and in less than float32 its answers are still those of float32."""
        return self.seconds is not None and (candidate.precision == "f32" or self.cosine >= _PARITY)


def measure(candidates: Mapping[Candidate, "Runner | str"], example: "Arrays") -> dict[Candidate, Finding]:
    """Run every candidate on the example, in turn. A text in place of a runner says why there is none."""
    findings = {one: Finding(None, 0.0, runner) for one, runner in candidates.items() if isinstance(runner, str)}
    runners = {one: runner for one, runner in candidates.items() if not isinstance(runner, str)}
    answers = {one: runner.run(example) for one, runner in runners.items()}  # the first call makes ready what the rest use
    seconds = dict.fromkeys(runners, np.inf)
    begun = time.perf_counter()
    for _ in range(_ROUNDS):
        for one, runner in runners.items():
            started = time.perf_counter()
            runner.run(example)
            seconds[one] = min(seconds[one], time.perf_counter() - started)
        if time.perf_counter() - begun > _SECONDS:
            break
    first = next(iter(answers.values()), None)
    for one, answer in answers.items():
        findings[one] = Finding(float(seconds[one]), _worst_cosine(answer, answer if first is None else first))
    return {one: findings[one] for one in candidates}


def best_of(findings: Mapping[Candidate, Finding]) -> Candidate | None:
    """The quickest that is fit; None where none is.

    >>> one, other = Candidate("openvino", "cpu", "f32"), Candidate("openvino", "cpu", "bf16")
    >>> str(best_of({one: Finding(0.02), other: Finding(0.01)})), str(best_of({one: Finding(0.02), other: Finding(0.019)}))
    ('OpenVINO bf16', 'OpenVINO f32')
    >>> str(best_of({one: Finding(0.02), other: Finding(0.01, cosine=0.97)}))
    'OpenVINO f32'
    """
    best: Candidate | None = None
    limit = np.inf
    for one, finding in findings.items():
        if finding.fits(one) and (finding.seconds or 0.0) < limit:
            best, limit = one, _CLEARLY * (finding.seconds or 0.0)
    return best


def tell_findings(findings: Mapping[Candidate, Finding]) -> str:
    """For people: what each candidate took, and why one was passed over."""
    parts = []
    for one, finding in findings.items():
        if finding.seconds is None:
            parts.append(f"{one} could not convert this network: {finding.reason}")
        else:
            apart = "" if finding.fits(one) else f" but answers otherwise (cosine {finding.cosine:.3f})"
            parts.append(f"{one} {1000 * finding.seconds:.1f} ms{apart}")
    return f"measured here: {', '.join(parts)}"


def kept_findings(place: Path, candidates: Sequence[Candidate]) -> dict[Candidate, Finding] | None:
    """What was measured on this machine before, for the same candidates; else None."""
    try:
        kept = json.loads(place.read_text(encoding="utf-8"))
        if kept["machine"] != _machine():
            return None
        findings = {Candidate(**one["candidate"]): Finding(**one["finding"]) for one in kept["findings"]}
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return findings if list(findings) == list(candidates) else None


def keep_findings(place: Path, findings: Mapping[Candidate, Finding]) -> None:
    """Write them down. A disk that does not take them costs a measurement at the next start, nothing else."""
    kept = {
        "machine": _machine(),
        "findings": [{"candidate": asdict(one), "finding": asdict(finding)} for one, finding in findings.items()],
    }
    beside = place.with_name(f"{place.name}.{os.getpid()}")
    with contextlib.suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(json.dumps(kept, indent=1), encoding="utf-8")
        beside.replace(place)


def _worst_cosine(answer: NDArray[np.float32], right: NDArray[np.float32]) -> float:
    lengths = np.linalg.norm(answer, axis=1) * np.linalg.norm(right, axis=1)
    return float(((answer * right).sum(1) / np.maximum(lengths, 1e-12)).min())


def _machine() -> str:
    """What a measurement holds for: the processor, the cores this process may use, and the releases of the engines."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    parts = [_processor(), str(cores), *(_release(package) for package in ("torch", "openvino"))]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _processor() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line
    return f"{platform.machine()} {platform.processor()}"


def _release(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "none"
