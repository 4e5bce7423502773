"""The settings of the agents, `config/agents.yaml`.

Owns: the keys, their types and limits, what they mean to the Watcher. Does not own: reading the
file (the host does), whether a model server may be asked (`authors/server_place.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from Kernel.contract.errors import ConfigError
from Kernel.contract.inputs import ALL, NEWBORNS
from Kernel.contract.settings import Effect, Key, Sort, read_values
from zones.agents.authors.genetic.search import GeneticSettings
from zones.agents.watcher import WatcherSettings

FILE: Final = "agents.yaml"
Wanted = Literal["auto", "ollama", "genetic", "recorded"]
AUTHORS: Final[tuple[Wanted, ...]] = get_args(Wanted)
_DAY_S: Final = 86_400
_SEARCH: Final = GeneticSettings()
_LATER: Final = Effect.GENERATION


def _text(name: str, default: str, unit: str) -> Key:
    return Key(name, Sort.TEXT, default, unit=unit, effect=_LATER)


def _choice(name: str, default: str, choices: tuple[str, ...]) -> Key:
    return Key(name, Sort.CHOICE, default, choices=choices, effect=_LATER)


def _number(name: str, default: float, low: float, high: float, unit: str = "") -> Key:
    return Key(name, Sort.NUMBER, default, low, high, unit, _LATER)


def _whole(name: str, default: int, low: int, high: int, unit: str) -> Key:
    return Key(name, Sort.WHOLE, default, low, high, unit, _LATER)


KEYS: Final = (
    Key("evolution", Sort.FLAG, True, effect=_LATER),
    _choice("author", "auto", AUTHORS),
    _text("ollama_host", "http://127.0.0.1:11434", "URL"),
    _text("model", "llama3:8b", "name"),
    _number("llm_timeout_sec", 120, 0.1, 3600, "s"),
    _text("recorded_file", "data/agents/recorded.jsonl", "path"),
    _number("anomaly_death_threshold", 0.3, 0.001, 0.999, "share"),
    _number("anomaly_overpop_threshold", 2.0, 1.001, 1000, "times"),
    _number("anomaly_seeded_threshold", 0.1, 0.001, 0.999, "share"),
    _number("anomaly_crowded_threshold", 0.95, 0.001, 0.999, "share"),
    _number("anomaly_diversity_threshold", 2.0, 1.001, 1000, "lineages"),
    _number("evolution_cooldown_sec", 60, 0, _DAY_S, "s"),
    _whole("attempts_max", 3, 1, 100, "drafts"),
    _whole("plans_max", 3, 1, 100, "plans"),
    _whole("lesson_steps", 100, 1, 1_000_000, "events"),
    _whole("snapshot_events", 100, 1, 1_000_000, "events"),
    _choice("carriers", NEWBORNS, (NEWBORNS, ALL)),
    _whole("measure_ticks", 2000, 1, 100_000, "ticks"),
    _whole("measure_seeds", 8, 2, 64, "seeds"),
    *(
        _whole(f"genetic_{name}", default, low, high, unit)
        for name, default, low, high, unit in (
            ("candidates", _SEARCH.candidates, 1, 1000, "traits"),
            ("generations", _SEARCH.generations, 1, 100, "generations"),
            ("ticks", _SEARCH.ticks, 1, 100_000, "ticks"),
            ("seeds", _SEARCH.seeds, 2, 64, "seeds"),
            ("proof_ticks", _SEARCH.proof_ticks, 1, 100_000, "ticks"),
            ("proof_seeds", _SEARCH.proof_seeds, 2, 64, "seeds"),
            ("finalists", _SEARCH.finalists, 1, 100, "traits"),
            ("changes", _SEARCH.changes, 0, 100, "changes"),
        )
    ),
    _number("genetic_wall_sec", _SEARCH.wall_s, 0, 3600, "s"),
)


@dataclass(frozen=True, slots=True)
class AgentsSettings:
    """What the agents may be told; each key is explained in `config/agents.yaml`."""

    evolution: bool = True
    author: str = "auto"
    ollama_host: str = "http://127.0.0.1:11434"
    model: str = "llama3:8b"
    llm_timeout_sec: float = 120.0
    recorded_file: str = "data/agents/recorded.jsonl"
    anomaly_death_threshold: float = 0.3
    anomaly_overpop_threshold: float = 2.0
    anomaly_seeded_threshold: float = 0.1
    anomaly_crowded_threshold: float = 0.95
    anomaly_diversity_threshold: float = 2.0
    evolution_cooldown_sec: float = 60.0
    attempts_max: int = 3
    plans_max: int = 3
    lesson_steps: int = 100
    snapshot_events: int = 100
    carriers: str = NEWBORNS
    measure_ticks: int = 2000
    measure_seeds: int = 8
    genetic_candidates: int = _SEARCH.candidates
    genetic_generations: int = _SEARCH.generations
    genetic_ticks: int = _SEARCH.ticks
    genetic_seeds: int = _SEARCH.seeds
    genetic_proof_ticks: int = _SEARCH.proof_ticks
    genetic_proof_seeds: int = _SEARCH.proof_seeds
    genetic_finalists: int = _SEARCH.finalists
    genetic_changes: int = _SEARCH.changes
    genetic_wall_sec: float = _SEARCH.wall_s

    @property
    def wanted(self) -> Wanted:
        """Return which author is wanted."""
        assert self.author in AUTHORS, "read by the table"
        return self.author

    def search(self) -> GeneticSettings:
        """Return how much the embedded author may try."""
        return GeneticSettings(
            candidates=self.genetic_candidates,
            generations=self.genetic_generations,
            ticks=self.genetic_ticks,
            seeds=self.genetic_seeds,
            proof_ticks=self.genetic_proof_ticks,
            proof_seeds=self.genetic_proof_seeds,
            finalists=self.genetic_finalists,
            changes=self.genetic_changes,
            wall_s=self.genetic_wall_sec,
        )

    def watcher(self) -> WatcherSettings:
        """Return what counts as a problem."""
        return WatcherSettings(
            anomaly_death_threshold=self.anomaly_death_threshold,
            anomaly_overpop_threshold=self.anomaly_overpop_threshold,
            anomaly_seeded_threshold=self.anomaly_seeded_threshold,
            anomaly_crowded_threshold=self.anomaly_crowded_threshold,
            anomaly_diversity_threshold=self.anomaly_diversity_threshold,
        )


def parse_settings(given: Mapping[str, Any]) -> AgentsSettings:
    """Check plain data and return the settings; a key left out has its default.

    Raises:
        ConfigError: unknown keys, or values that are not what their key takes.
    """
    values, faults = read_values(KEYS, given)
    if faults:
        raise ConfigError.of(FILE, faults)
    return AgentsSettings(**values)
