"""Ways to run a network in int8: OpenVINO after NNCF's post-training quantisation, and ONNX Runtime.

Needs what no other part of Skybridge does: `pip install nncf onnx onnxruntime`.
"""

import json
import os
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from encoders.fingerprint import file_sha256
from encoders.measured import Candidate
from encoders.network import Arrays, Blueprint, Network, Runner
from encoders.runtime import open_candidate

if TYPE_CHECKING:
    import torch

__all__ = ["INT8_WAYS", "int8_ways"]

INT8_WAYS = ("OpenVINO f32", "OpenVINO bf16", "int8, else f32", "int8, else bf16", "ONNX Runtime f32", "ONNX Runtime int8")
"""In the order of the tables. "int8, else f32": what cannot be computed in int8 is computed in float32."""

_CALLS = 200  # at most as many calls calibrate a network


def int8_ways(blueprint: Blueprint, calibration: Sequence[Arrays], transformer: bool, models: Path) -> dict[str, Network]:
    """Name of a way -> the network; models are kept in `models`. `transformer`: with SmoothQuant, as NNCF advises."""

    def opened(one: Blueprint, precision: str) -> Network:
        return _network(open_candidate(replace(one, bfloat16=True), models, Candidate("openvino", "cpu", precision)))

    plain = {"OpenVINO f32": opened(blueprint, "f32"), "OpenVINO bf16": opened(blueprint, "bf16")}
    quantised = _quantised(blueprint, calibration, transformer, models)
    graph = _onnx(blueprint, models)
    return {
        **plain,
        "int8, else f32": opened(quantised, "f32"),
        "int8, else bf16": opened(quantised, "bf16"),
        "ONNX Runtime f32": _in_onnxruntime(graph),
        "ONNX Runtime int8": _in_onnxruntime(_dynamic(graph)),
    }


def _quantised(blueprint: Blueprint, calibration: Sequence[Arrays], transformer: bool, models: Path) -> Blueprint:
    """Lay the network in int8 beside the exported one, as the runtime keeps networks; its blueprint finds it there."""
    import openvino

    name = f"{blueprint.name}-int8"
    exported = next(models.glob(f"{blueprint.name}-{blueprint.fingerprint}-openvino-*"))
    folder = models / exported.name.replace(blueprint.name, name, 1)

    def none_to_build() -> "torch.nn.Module":
        raise SystemExit(f"{folder} is damaged: remove it")

    if not (folder / "manifest.json").is_file():
        os.environ["NNCF_CI"] = "1"  # else it reports each quantisation to its maker's analytics service
        import nncf

        found = nncf.quantize(
            openvino.Core().read_model(exported / "network.xml"),
            nncf.Dataset(list(calibration[:_CALLS])),
            preset=nncf.QuantizationPreset.MIXED,
            target_device=nncf.TargetDevice.CPU,
            model_type=nncf.ModelType.TRANSFORMER if transformer else None,
            subset_size=min(len(calibration), _CALLS),
        )
        folder.mkdir(exist_ok=True)
        openvino.save_model(found, folder / "network.xml", compress_to_fp16=True)
        sums = {one: file_sha256(folder / one) for one in ("network.xml", "network.bin")}
        (folder / "manifest.json").write_text(json.dumps(sums), encoding="utf-8")
    return replace(blueprint, name=name, build=none_to_build)


def _onnx(blueprint: Blueprint, models: Path) -> Path:
    import torch

    path = models / f"{blueprint.name}-{blueprint.fingerprint}.onnx"
    if path.is_file():
        return path
    inputs = [f"input{place}" for place in range(len(blueprint.example))]
    axes = dict(zip(inputs, map(dict, blueprint.varying), strict=True))
    fast_path = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    half = path.with_suffix(".half")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                blueprint.build().eval(),
                tuple(torch.from_numpy(np.array(array)) for array in blueprint.example),
                str(half),
                input_names=inputs,
                output_names=["vectors"],
                dynamic_axes={**axes, "vectors": {0: "rows"}},
                opset_version=18,
                dynamo=False,
            )
    finally:
        torch.backends.mha.set_fastpath_enabled(fast_path)
    half.rename(path)
    return path


def _dynamic(graph: Path) -> Path:
    """Matrix products in int8, scales of their inputs found anew in every call."""
    path = graph.with_suffix(".int8.onnx")
    if not path.is_file():
        from onnxruntime.quantization import QuantType, quantize_dynamic

        only = ["MatMul", "Gemm"]
        quantize_dynamic(graph, path, weight_type=QuantType.QInt8, per_channel=True, op_types_to_quantize=only)
    return path


def _in_onnxruntime(graph: Path) -> Network:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
    names = [one.name for one in session.get_inputs()]

    def run(arrays: Arrays) -> NDArray[np.float32]:
        vectors: NDArray[np.float32] = session.run(None, dict(zip(names, arrays, strict=True)))[0]
        return vectors

    return Network(run, "")


def _network(runner: Runner) -> Network:
    return Network(runner.run, "", runner.run_many)
