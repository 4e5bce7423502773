"""Tables for who has pandas, and a clear word for who has not."""

import sys

import numpy as np
import pytest

from Kernel.contract.errors import ConfigError, what_installs
from tests.zones.client.paper_world import GENES, PaperWorld
from zones.client import open_home


@pytest.fixture
def frame(home):
    """Give a frame with two Molbots, one of them without a parent."""
    world = PaperWorld(home / "data" / "arenas")
    tick = world.commit(living=2)
    world.column("id", tick)[:2] = [31, 4096]
    world.column("parent", tick)[:2] = [0, 31]
    world.column("colour", tick)[:2] = [0x00FF07, 0xABCDEF]
    world.column("dna", tick)[:16] = np.arange(16)
    return open_home(home).read()


@pytest.mark.slow
class TestWithPandas:
    def test_molbots(self, frame):
        """Ids and colours are shown as text, a dna as one column for each gene."""
        pytest.importorskip("pandas", reason="pandas is not installed: molt[science]")
        table = frame.molbots_table()
        assert table["id"].tolist() == ["mol_1f", "mol_1000"]
        assert table["parent"].isna().tolist() == [True, False]
        assert table["parent"].tolist()[1] == "mol_1f"
        assert table["colour"].tolist() == ["#00ff07", "#abcdef"]
        assert [name for name in table if name.startswith("gene_")] == [f"gene_{g}" for g in GENES]
        assert table["gene_senses"].tolist() == [1, 9]
        assert table["founder_gene_colour"].tolist() == pytest.approx([1 / 255, 1 / 255])
        assert table["energy"].dtype == np.float32

    def test_changing_a_table_changes_no_frame(self, frame):
        """A table is the asker's own: it may be changed, and the frame stays as it is."""
        pytest.importorskip("pandas", reason="pandas is not installed: molt[science]")
        table = frame.molbots_table()
        table.loc[0, "energy"] = 77.0
        table["gene_speed"] += 1
        assert frame.molbots.energy.tolist() == [1, 1] and frame.molbots.dna[0, 0] == 0

    def test_resources(self, frame):
        """Places of food are rows with short names."""
        pytest.importorskip("pandas", reason="pandas is not installed: molt[science]")
        table = frame.resources_table()
        assert list(table) == ["amount", "x"] and len(table) == 4


def test_without_pandas(frame, monkeypatch):
    """Without pandas the arrays are there all the same; a table names the extra to install."""
    monkeypatch.setitem(sys.modules, "pandas", None)
    assert frame.molbots.x.shape == (2,)
    for table in (frame.molbots_table, frame.resources_table):
        with pytest.raises(
            ConfigError, match=r"pandas.*; it is in the extra molt\[science\]"
        ) as error:
            table()
        assert error.value.hint == what_installs("science")
