"""The dual encoder: query towers and candidate towers that share one space, each usable without the other."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from encoders.cards import ModelCard
from encoders.errors import InputError, ModelError
from encoders.picture import PictureSpec, Pixels, prepare
from encoders.towers import PictureTower, TextTower, Tower
from encoders.vectors import Vectors, check_vectors, unit_rows

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["DualEncoder"]


class DualEncoder:
    """Queries and candidates -> unit vectors of one space.

    A tower may stand on both sides. Each side keeps its own fingerprints, so a query tower that is trained further
    changes `query_fingerprints` alone, and every stored candidate vector stays valid.
    """

    def __init__(self, card: ModelCard, query_towers: Mapping[str, Tower], candidate_towers: Mapping[str, Tower]) -> None:
        towers = [*query_towers.values(), *candidate_towers.values()]
        dimensions = {tower.dimension for tower in towers}
        if len(dimensions) != 1:
            raise ModelError(f"the towers of {card.id} must share one dimension, got {sorted(dimensions)}")
        for modality, tower in [*query_towers.items(), *candidate_towers.items()]:
            if tower.modality != modality:
                raise ModelError(f"a tower for {tower.modality} cannot stand for {modality}")
        self.card = card
        self.dimension = dimensions.pop()
        self._query = dict(query_towers)
        self._candidates = dict(candidate_towers)

    @property
    def query_modalities(self) -> frozenset[str]:
        """What one may ask with, of "text" and "image"."""
        return frozenset(self._query)

    @property
    def candidate_modalities(self) -> frozenset[str]:
        """What can be found, of "text" and "image"."""
        return frozenset(self._candidates)

    @property
    def picture_spec(self) -> PictureSpec | None:
        """How pictures must be prepared for `encode_candidates`; None when this model takes none."""
        tower = self._candidates.get("image")
        return tower.spec if isinstance(tower, PictureTower) else None

    @property
    def passage_tokens(self) -> int:
        """How many tokens of a passage are read, special ones not counted; the rest is cut. 0: takes no text."""
        tower = self._candidates.get("text")
        return tower.max_tokens if isinstance(tower, TextTower) else 0

    @property
    def query_fingerprints(self) -> dict[str, str]:
        """Modality -> fingerprint of its query tower."""
        return {modality: tower.fingerprint for modality, tower in self._query.items()}

    @property
    def candidate_fingerprints(self) -> dict[str, str]:
        """Modality -> fingerprint of its candidate tower."""
        return {modality: tower.fingerprint for modality, tower in self._candidates.items()}

    @property
    def runtime(self) -> str:
        """What runs each tower, and why: one line for people."""
        abouts: dict[str, list[str]] = {}
        for modality, tower in [*self._query.items(), *self._candidates.items()]:
            modalities = abouts.setdefault(tower.runtime, [])
            if modality not in modalities:
                modalities.append(modality)
        return "; ".join(f"{' and '.join(modalities)}: {about}" for about, modalities in abouts.items())

    def encode_query(self, text: str | None = None, image: "Image.Image | None" = None) -> Vectors:
        """(d,) float32, unit length, for a text, an upright RGB picture, or both: then the direction between them.

        Raises InputError for nothing, for what is empty, and for a modality this model does not take.
        """
        if text is None and image is None:
            raise InputError("a query needs a text or a picture")
        parts = []
        if text is not None:
            if not text.strip():
                raise InputError("the query is empty: type a few words")
            parts.append(self._tower(self._query, "text", "queries").encode([text])[0])
        if image is not None:
            parts.append(self._encode_picture_query(image))
        vector: Vectors = check_vectors(unit_rows([np.mean(parts, axis=0)]), self.dimension)[0]
        return vector

    def encode_candidates(self, modality: str, contents: Sequence[Pixels] | Sequence[str]) -> Vectors:
        """(n, d) float32, unit rows, in the order given, for n prepared pictures or n passages.

        Raises InputError for an item the tower cannot take and for a modality this model does not have.
        """
        tower = self._tower(self._candidates, modality, "candidates")
        if not len(contents):
            return np.empty((0, self.dimension), np.float32)
        return check_vectors(tower.encode(contents), self.dimension)

    def _encode_picture_query(self, image: "Image.Image") -> Vectors:
        tower = self._tower(self._query, "image", "queries")
        if not isinstance(tower, PictureTower):
            raise ModelError(f"the picture tower of {self.card.id} does not say how it wants its pictures")
        try:
            pixels = prepare(image, tower.spec)
        except OSError as error:  # Pillow decodes late, so a damaged file shows only here
            raise InputError(f"this picture cannot be decoded: {error}") from error
        vector: Vectors = tower.encode([pixels])[0]
        return vector

    def _tower(self, towers: Mapping[str, Tower], modality: str, side: str) -> Any:
        try:
            return towers[modality]
        except KeyError:
            taken = " and ".join(sorted(towers)) or "nothing"
            raise InputError(f"the model {self.card.id} takes no {modality} as {side}, only {taken}") from None
