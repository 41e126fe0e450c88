"""Networks exported to OpenVINO, and the folder that keeps them.

A folder a network, `<name>-<fingerprint>-openvino-<version>`: the graph, its weights and a manifest with their
SHA-256. It is written beside its place and renamed into it, so two processes may export at once and a killed one leaves
no half network. A damaged one is made again.

Torch hands the network over by `torch.export`, and OpenVINO's frontend is called directly. `openvino.convert_model`
would do as much, but it reports each conversion to its maker's analytics service unless the user has opted out.
"""

import contextlib
import functools
import inspect
import json
import logging
import re
import shutil
import tempfile
import threading
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from encoders.fingerprint import file_sha256
from encoders.network import Arrays, Blueprint, Runner

if TYPE_CHECKING:
    import openvino
    import torch

__all__ = ["ConversionFailed", "has_bfloat16", "open_exported"]

Build = Callable[[], "torch.nn.Module"]

_GRAPH, _WEIGHTS, _MANIFEST = "network.xml", "network.bin", "manifest.json"
_STALE_S = 3600.0  # a half-written folder this old belongs to a process that was killed
_EXPORTING = threading.Lock()  # torch.export and its global switches are not made for threads


class ConversionFailed(Exception):  # noqa: N818 - never leaves this package: the runtime turns to torch
    """OpenVINO cannot take this network."""


@functools.cache
def _core() -> "openvino.Core":
    """The one of this process, for good.

    A core gives its thread another stack for signal handlers and puts the one before back when it goes; where several come
    and go in any order, what is put back may be freed already, and the next Ctrl-C is a segmentation fault (seen with
    OpenVINO 2026.4).
    """
    import openvino

    return openvino.Core()


def has_bfloat16() -> bool:
    """The CPU computes in bfloat16."""
    return "BF16" in _core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def open_exported(blueprint: Blueprint, build: Build, cache: Path, precision: str) -> tuple[Runner, str]:
    """Blueprint -> runner in "f32" or "bf16", and a remark for people or "". `build` is called where nothing is kept.

    Raises ConversionFailed when OpenVINO cannot take the network.
    """
    model, remark = _model(_core(), blueprint, build, cache)
    try:
        compiled = _Compiled(model, precision)
    except RuntimeError as error:
        raise ConversionFailed(_first_line(error)) from error
    return Runner(compiled.run, compiled.run_many), remark


class _Compiled:
    """A network made ready for this CPU: with all cores for one call, and with one core for each of several calls.

    The second is made when it is first asked for. Calls that do not wait for each other's cores lose less where other work,
    such as decoding, runs beside them.

    After an error it is not used again, nor freed: a request that has failed may answer the next call with what it held
    before, and its memory is still written to (seen with OpenVINO 2026.4). Calls one by one do not suffer from that.
    """

    def __init__(self, model: "openvino.Model", precision: str) -> None:
        self._model, self._precision = model, precision
        self._failed = False  # one of several calls at a time has ended in an error
        self._request = self._compile("LATENCY").create_infer_request()

    @functools.cached_property
    def _requests(self) -> list["openvino.InferRequest"]:
        compiled = self._compile("THROUGHPUT")
        count = int(compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS"))
        return [compiled.create_infer_request() for _ in range(count)]

    def _compile(self, hint: str) -> "openvino.CompiledModel":
        settings = {"INFERENCE_PRECISION_HINT": self._precision, "PERFORMANCE_HINT": hint}
        return _core().compile_model(self._model, "CPU", settings)

    def run(self, arrays: Arrays) -> NDArray[np.float32]:
        self._request.infer([np.ascontiguousarray(array) for array in arrays])
        return _answer(self._request)

    def run_many(self, batches: Iterable[Arrays]) -> list[NDArray[np.float32]]:
        if self._failed:
            return [self.run(arrays) for arrays in batches]
        requests, answers = self._requests, []
        running: deque[openvino.InferRequest] = deque()
        try:
            for number, arrays in enumerate(batches):
                if len(running) == len(requests):
                    answers.append(_finished(running))
                request = requests[number % len(requests)]  # the one that has just answered
                request.start_async([np.ascontiguousarray(array) for array in arrays])
                running.append(request)
            while running:
                answers.append(_finished(running))
        except RuntimeError:
            self._failed = True
            raise
        finally:
            for request in running:  # left by an error, or by who gives up waiting
                with contextlib.suppress(RuntimeError):
                    request.wait()
        return answers


def _finished(running: "deque[openvino.InferRequest]") -> NDArray[np.float32]:
    request = running.popleft()
    request.wait()
    return _answer(request)


def _answer(request: "openvino.InferRequest") -> NDArray[np.float32]:
    return np.array(request.get_output_tensor(0).data, dtype=np.float32)  # a copy: the next call overwrites it


def _model(core: "openvino.Core", blueprint: Blueprint, build: Build, cache: Path) -> tuple["openvino.Model", str]:
    import openvino

    version = re.sub(r"[^0-9.].*", "", openvino.get_version())
    folder = cache / f"{blueprint.name}-{blueprint.fingerprint}-openvino-{version}"
    if _intact(folder):
        return core.read_model(folder / _GRAPH), ""
    with _EXPORTING:
        if _intact(folder):  # another thread was quicker
            return core.read_model(folder / _GRAPH), ""
        model = _convert(blueprint, build)
    try:
        _keep(model, folder)
    except OSError as error:
        # A full or read-only disk costs time at the next start, never an answer. Through a temporary folder all
        # the same: weights stored in half precision compile many times quicker for bfloat16.
        remark = f"not kept in {cache}: {error.strerror}"
        with contextlib.suppress(OSError), tempfile.TemporaryDirectory() as temporary:
            openvino.save_model(model, Path(temporary) / _GRAPH, compress_to_fp16=True)
            core.set_property({"ENABLE_MMAP": False})
            return core.read_model(Path(temporary) / _GRAPH), remark
        return model, remark
    return core.read_model(folder / _GRAPH), ""


def _convert(blueprint: Blueprint, build: Build) -> "openvino.Model":
    import torch
    from openvino.frontend import FrontEndManager

    module = build()
    dims = {name: torch.export.Dim.DYNAMIC for axes in blueprint.varying for name in axes.values()}
    shapes: tuple[Any, ...] = tuple({axis: dims[name] for axis, name in axes.items()} for axes in blueprint.varying)
    if any(one.kind is one.VAR_POSITIONAL for one in inspect.signature(module.forward).parameters.values()):
        shapes = (shapes,)  # torch.export counts `*inputs` as one argument
    inputs = tuple(torch.from_numpy(np.array(array)) for array in blueprint.example)
    fast_path = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)  # its fused operator is nothing that OpenVINO knows
    try:
        with _quiet(), torch.no_grad():
            from openvino.frontend.pytorch.fx_decoder import TorchFXPythonDecoder

            program = torch.export.export(module, inputs, dynamic_shapes=shapes)
            frontend = FrontEndManager().load_by_framework("pytorch")
            decoder = TorchFXPythonDecoder.from_exported_program(program)  # must outlive the conversion
            model = frontend.convert(frontend.load(decoder))
            _check_same(model, module, inputs)
    except ConversionFailed:
        raise
    except Exception as error:  # torch.export and the frontend raise dozens of kinds
        raise ConversionFailed(_first_line(error)) from error
    finally:
        torch.backends.mha.set_fastpath_enabled(fast_path)
    return model


def _check_same(model: "openvino.Model", module: Any, inputs: tuple[Any, ...]) -> None:
    """Compare both on the example, in float32: a conversion that changes the answers is a failed one."""
    compiled = _core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    ours = compiled([tensor.numpy() for tensor in inputs])[0]
    theirs = module(*inputs).float().numpy()
    scale = float(np.abs(theirs).max()) or 1.0
    worst = float(np.abs(ours - theirs).max()) / scale
    if not worst < 1e-3:
        raise ConversionFailed(f"the converted network's answers differ by {worst:.1e}")


def _keep(model: "openvino.Model", folder: Path) -> None:
    """Write the model into its folder in one step that others see whole or not at all."""
    import openvino

    folder.parent.mkdir(parents=True, exist_ok=True)
    _sweep(folder.parent)
    temporary = Path(tempfile.mkdtemp(prefix=".exporting-", dir=folder.parent))
    try:
        try:
            openvino.save_model(model, temporary / _GRAPH, compress_to_fp16=True)
        except RuntimeError as error:  # OpenVINO's word for a full disk
            raise OSError(None, _first_line(error)) from error
        manifest = {name: file_sha256(temporary / name) for name in (_GRAPH, _WEIGHTS)}
        (temporary / _MANIFEST).write_text(json.dumps(manifest, indent=1))
        temporary.chmod(0o755)  # mkdtemp makes folders that only their owner may read
        try:
            temporary.rename(folder)
        except OSError:
            if _intact(folder):
                return  # another process was quicker
            shutil.rmtree(folder, ignore_errors=True)
            temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _intact(folder: Path) -> bool:
    try:
        manifest = json.loads((folder / _MANIFEST).read_text())
        return all(file_sha256(folder / name) == manifest[name] for name in (_GRAPH, _WEIGHTS))
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _sweep(cache: Path) -> None:
    """Remove what killed processes left half written."""
    for leftover in cache.glob(".exporting-*"):
        with contextlib.suppress(OSError):
            if time.time() - leftover.stat().st_mtime > _STALE_S:
                shutil.rmtree(leftover, ignore_errors=True)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporter's own remarks to itself: they are about torch, not about anything the user did."""
    disabled, handlers = logging.root.manager.disable, list(logging.root.handlers)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.disable(logging.ERROR)
        try:
            yield
        finally:
            logging.disable(disabled)
            logging.root.handlers[:] = handlers  # OpenVINO logs through the root, which adds a handler to it


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:200]}" if lines else type(error).__name__
