"""Everything a training run can be told, as frozen data; each field says in its comment what it does.

The comments are data too, so that the example that `python -m encoders train --example` prints is made of them.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from encoders.errors import InputError

__all__ = [
    "DataSettings",
    "HeadSettings",
    "LoraSettings",
    "LossSettings",
    "ModelSettings",
    "NegativesSettings",
    "OptimiserSettings",
    "Rate",
    "RerankSettings",
    "RunSettings",
    "TrainConfig",
]

Method = Literal["head", "lora", "full"]
RATES: Mapping[Method, float] = {"head": 1e-3, "lora": 2e-4, "full": 2e-5}
"""Learning rate by what learns: a head starts from nothing, a whole network only needs to be moved a little."""


@dataclass(frozen=True)
class ModelSettings:
    """Where the towers come from, and what of them learns."""

    base: Annotated[str, "the model to start from; `python -m encoders cards` lists them"] = "starter"
    text: Annotated[str, "the model of the text tower, where it is another than base"] = ""
    image: Annotated[str, "the model of the picture tower, where it is another than base"] = ""
    train: Annotated[
        Literal["query", "candidate", "both"],
        'the side that learns. "query" leaves every stored vector valid; the others need `python -m indexer upgrade`',
    ] = "query"
    shared: Annotated[bool, 'one network for both sides, where the base has it so; only with train = "both"'] = False
    learn: Annotated[
        Method,
        'what of a tower learns: a "head" on frozen networks (minutes on a CPU), small changes in it ("lora"), all ("full")',
    ] = "head"

    @property
    def spec(self) -> str | dict[str, str]:
        """What `open_trainable` takes: one card, or one for each kind of tower."""
        if not (self.text or self.image):
            return self.base
        return {"text": self.text or self.base, "image": self.image or self.base}


@dataclass(frozen=True)
class HeadSettings:
    """A small network put on top of every tower that learns. Untrained, it changes nothing."""

    kind: Annotated[
        Literal["auto", "none", "linear", "mlp"],
        '"linear": one matrix; "mlp": two, with a bend between; "auto": mlp where learn = "head", else "none"',
    ] = "auto"
    width: Annotated[int, "of the mlp's inner layer"] = 1024
    dimension: Annotated[int, "of the vectors; 0: that of the base. Another one makes a space of its own: train both sides"] = 0
    dropout: Annotated[float, "share of the mlp's inner layer that is left out at random"] = 0.0


@dataclass(frozen=True)
class LoraSettings:
    """Low-rank changes inside the networks, used when learn = "lora"."""

    rank: Annotated[int, "of each change; more can learn more and over-fits sooner"] = 8
    alpha: Annotated[float, "the change counts alpha / rank times"] = 16.0
    dropout: Annotated[float, "on the way into the change"] = 0.0
    layers: Annotated[tuple[str, ...], "patterns of layer names; empty: every layer it can be used for"] = ()


@dataclass(frozen=True)
class DataSettings:
    """What to learn from."""

    train: Annotated[
        tuple[str, ...], "THE ONE LINE TO FILL IN: folders of pictures with captions, or .csv, .jsonl, .parquet files of pairs"
    ] = ()
    held_out: Annotated[float, "share kept apart to choose the best moment; groups are never split"] = 0.1
    held_out_from: Annotated[tuple[str, ...], "data of its own to keep apart, in place of the share"] = ()
    seed: Annotated[int, "of the split"] = 0
    augment: Annotated[bool, "pictures that learn are cropped, mirrored and recoloured a little, anew each time"] = False


@dataclass(frozen=True)
class LossSettings:
    """What is made small. Right answers of a query are never counted against it."""

    kind: Annotated[Literal["softmax", "sigmoid", "bpr", "hinge"], "softmax is best for most; sigmoid for tiny batches"] = (
        "softmax"
    )
    both: Annotated[bool, "also from item to query, for what has a query in the batch"] = True
    temperature: Annotated[float, "what cosines are divided by; not used by hinge"] = 0.07
    learn_temperature: Annotated[bool, "let it be learned, from there on"] = True
    margin: Annotated[float, "how far below the right answer the others have to be (hinge)"] = 0.2
    matryoshka: Annotated[tuple[int, ...], "lengths at which vectors may be cut later; the full one is always among them"] = ()
    logq: Annotated[
        Literal["none", "plain", "corrected"], "correction for items that come often, and are negatives too often; softmax only"
    ] = "none"
    frequencies: Annotated[Literal["exact", "streaming"], "how logq knows what comes often: counted, or estimated"] = "exact"
    guide: Annotated[str, "a better model's card: what it finds better than the right answer is no negative"] = ""
    guide_margin: Annotated[float, "nor what comes so close to the right answer, in the guide's cosines"] = 0.0


@dataclass(frozen=True)
class NegativesSettings:
    """Wrong answers to learn from, besides the other rows of the batch."""

    given: Annotated[int, "of the wrong answers that a row names, use at most so many"] = 4
    extra: Annotated[int, "so many items a batch, drawn from all"] = 0
    extra_from: Annotated[Literal["uniform", "popularity"], "how they are drawn"] = "uniform"
    queue: Annotated[int, "so many items of earlier batches, with the vectors they had"] = 0
    queue_warm_up: Annotated[int, "steps before the queue is used: vectors move fast at first"] = 100
    hard: Annotated[int, "so many a row of the items that the model itself takes for right, looked for among all"] = 0
    hard_every: Annotated[int, "epochs until they are looked for again"] = 1
    hard_margin: Annotated[float, "what scores within this share of the right answer is left out: it may be right"] = 0.05
    online: Annotated[int, "only the so many hardest of all negatives count; 0: all do"] = 0


@dataclass(frozen=True)
class Rate:
    """A learning rate for parameters by name."""

    pattern: str  # of "query.text.head.last.weight" and the like; `*` is anything, dots too
    rate: float  # 0 freezes


@dataclass(frozen=True)
class OptimiserSettings:
    """How it is made small: AdamW, the rate rising first and then falling along a cosine."""

    learning_rate: Annotated[float, "0: by what learns, 1e-3 for a head, 2e-4 for lora, 2e-5 for all"] = 0.0
    rates: Annotated[
        tuple[Rate, ...],
        'rates by pattern of parameter names, the first that fits counts, 0 freezes: [{pattern = "*.head.*", rate = 1e-4}]',
    ] = ()
    weight_decay: Annotated[float, "of matrices; biases and norms have none"] = 0.01
    batch_size: Annotated[
        int, "pairs that are compared with each other, more is better; 0: an eighth of all, at least 32 and at most 256"
    ] = 0
    micro_batch: Annotated[int, "of them so many go through a network at a time: less memory, same gradients, more time"] = 32
    epochs: Annotated[int, "how often all pairs are seen, at most"] = 20
    steps: Annotated[int, "batches to train on, in place of epochs; 0: by epochs"] = 0
    warm_up: Annotated[float, "share of the steps in which the rate rises"] = 0.03
    clip_norm: Annotated[float, "longest gradient; 0: any"] = 1.0
    precision: Annotated[Literal["auto", "f32", "bf16", "fp16"], "of what runs through networks that learn"] = "auto"
    patience: Annotated[int, "stop after so many looks at the held-out pairs without a better R@1; 0: never"] = 3


@dataclass(frozen=True)
class RerankSettings:
    """The interaction layer over both vectors, for `python -m encoders train-reranker` alone; towers stay as they are."""

    width: Annotated[int, "of its first bend; the second is half as wide"] = 128
    dropout: Annotated[float, "share of the first bend that is left out at random"] = 0.2
    depth: Annotated[int, "so many of the best by the cosine are ranked anew; wrong answers come from among them"] = 50
    hard: Annotated[int, "so many of those a row and step"] = 2


@dataclass(frozen=True)
class RunSettings:
    """Where it goes."""

    out: Annotated[str, "a new folder; it becomes the model trained:FOLDER"] = "trained"
    seed: Annotated[int, "of everything drawn at random: same seed, same result on the same machine"] = 0
    evaluate_every: Annotated[int, "steps between looks at the held-out pairs; 0: once an epoch"] = 0
    checkpoint_minutes: Annotated[float, "at most so much work is lost when the power goes"] = 5.0
    features: Annotated[str, "folder for answers of frozen networks, for several runs to share; empty: in the run's own"] = ""


@dataclass(frozen=True)
class TrainConfig:
    """A whole run. Raises InputError for what cannot be."""

    model: ModelSettings = field(default_factory=ModelSettings)
    head: HeadSettings = field(default_factory=HeadSettings)
    lora: LoraSettings = field(default_factory=LoraSettings)
    data: DataSettings = field(default_factory=DataSettings)
    loss: LossSettings = field(default_factory=LossSettings)
    negatives: NegativesSettings = field(default_factory=NegativesSettings)
    optimiser: OptimiserSettings = field(default_factory=OptimiserSettings)
    rerank: RerankSettings = field(default_factory=RerankSettings)
    run: RunSettings = field(default_factory=RunSettings)

    def __post_init__(self) -> None:
        """Check what no single type can say."""
        for section, name, least, most in _BOUNDS:
            value = getattr(getattr(self, section), name)
            if not least <= value <= most:
                raise InputError(f"[{section}] {name} = {value}: it must be {_span(least, most)}")
        self._check_together()

    def _check_together(self) -> None:
        if self.model.shared and self.model.train != "both":
            raise InputError(f'[model] shared = true needs train = "both"; it is "{self.model.train}"')
        if self.loss.logq != "none" and self.loss.kind != "softmax":
            raise InputError(f'[loss] logq = "{self.loss.logq}" belongs to the softmax loss; kind is "{self.loss.kind}"')
        if self.loss.learn_temperature and not 0.01 <= self.loss.temperature <= 1:
            raise InputError(f"[loss] temperature = {self.loss.temperature}: one that is learned starts between 0.01 and 1")
        if wild := [one for one in self.optimiser.rates if not 0 <= one.rate <= _FASTEST]:
            raise InputError(
                f"[optimiser] rates: {wild[0].rate} for {wild[0].pattern!r}: it must be {_span(0, _FASTEST)}; 0 freezes"
            )
        if self.optimiser.batch_size == 1:
            raise InputError(
                "[optimiser] batch_size = 1: one pair cannot be compared; it must be 2 or more, or 0 for a good one"
            )
        if any(length < 1 for length in self.loss.matryoshka):
            raise InputError(f"[loss] matryoshka = {list(self.loss.matryoshka)}: lengths are 1 or more")

    @property
    def rates(self) -> list[tuple[str, float]]:
        """(pattern, rate) for `group_parameters`, ending with one for all."""
        asked = [(one.pattern, one.rate) for one in self.optimiser.rates]
        frozen = [("*.trunk.*", 0.0)] if self.model.learn == "head" else []
        return [*asked, *frozen, ("*", self.optimiser.learning_rate or RATES[self.model.learn])]


_ANY = math.inf
_FASTEST = 10
_BOUNDS = (
    ("head", "width", 1, _ANY),
    ("head", "dimension", 0, _ANY),
    ("head", "dropout", 0, 0.99),
    ("lora", "rank", 1, _ANY),
    ("lora", "alpha", 1e-6, _ANY),
    ("lora", "dropout", 0, 0.99),
    ("data", "held_out", 0.001, 0.999),
    ("data", "seed", 0, _ANY),
    ("loss", "temperature", 1e-4, 100),
    ("loss", "margin", 1e-6, 2),
    ("loss", "guide_margin", -2, 2),
    ("negatives", "given", 0, _ANY),
    ("negatives", "extra", 0, _ANY),
    ("negatives", "queue", 0, _ANY),
    ("negatives", "queue_warm_up", 0, _ANY),
    ("negatives", "hard", 0, _ANY),
    ("negatives", "hard_every", 1, _ANY),
    ("negatives", "hard_margin", 0, 0.999),
    ("negatives", "online", 0, _ANY),
    ("optimiser", "learning_rate", 0, _FASTEST),
    ("optimiser", "weight_decay", 0, 10),
    ("optimiser", "batch_size", 0, _ANY),
    ("optimiser", "micro_batch", 1, _ANY),
    ("optimiser", "epochs", 1, _ANY),
    ("optimiser", "steps", 0, _ANY),
    ("optimiser", "warm_up", 0, 1),
    ("optimiser", "clip_norm", 0, _ANY),
    ("optimiser", "patience", 0, _ANY),
    ("rerank", "width", 2, _ANY),
    ("rerank", "dropout", 0, 0.99),
    ("rerank", "depth", 2, 1000),
    ("rerank", "hard", 0, 1000),
    ("run", "seed", 0, _ANY),
    ("run", "evaluate_every", 0, _ANY),
    ("run", "checkpoint_minutes", 0, _ANY),
)


def _span(least: float, most: float) -> str:
    return f"{least} or more" if most == _ANY else f"between {least} and {most}"
