"""The networks that several programs run: one random set of weights for each architecture, and the form that rclip takes.

Random weights cost what trained ones cost. Their vectors all lie in a narrow cone, so vectors are compared after the mean is
taken away, too.
"""

import subprocess
import sys
import warnings
from pathlib import Path

__all__ = ["checkpoint", "rclip_folder"]

_RCLIP_NETWORK = "ViT-B-32-256-datacomp_s34b_b86k/visual.onnx"
_ONNX = ("onnx", "ml_dtypes", "protobuf", "typing_extensions")  # what torch needs to write ONNX


def checkpoint(work: Path, architecture: str) -> Path:
    """An OpenCLIP checkpoint of random weights, made unless it is there."""
    path = work / f"{architecture}.pt"
    if not path.exists():
        import open_clip
        import torch

        torch.manual_seed(0)
        half = path.with_suffix(".half")
        torch.save(open_clip.create_model(architecture).state_dict(), half)
        half.rename(path)
    return path


def rclip_folder(work: Path) -> Path:
    """A data folder of rclip with these weights in place of its own, exported as its own script does: float32, opset 18."""
    path = work / "rclip" / _RCLIP_NETWORK
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        tools = work / "peers" / "onnx"
        if not tools.exists():
            subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", tools, *_ONNX], check=True)
        sys.path.append(str(tools))
        _export(checkpoint(work, "ViT-B-32-256"), path)
    return work / "rclip"


def _export(weights: Path, path: Path) -> None:
    import open_clip
    import torch

    class Visual(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.visual = open_clip.create_model("ViT-B-32-256", pretrained=str(weights)).visual

        def forward(self, pixels: torch.Tensor) -> torch.Tensor:
            answer: torch.Tensor = self.visual(pixels)
            return answer

    half = path.with_suffix(".half")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            Visual().eval(),
            (torch.randn(1, 3, 256, 256),),
            str(half),
            input_names=["input"],
            output_names=["output"],
            dynamic_axes={"input": {0: "batch"}, "output": {0: "batch"}},
            opset_version=18,
            dynamo=False,
        )
    half.rename(path)
