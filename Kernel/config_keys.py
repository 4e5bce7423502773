"""The keys of kernel.yaml: type, limits, default, and when a new value counts.

Owns: the tables. Does not own: how a table is read (`Kernel/contract/settings.py`), what the
keys are for (the comments in `config/kernel.yaml`), the dataclasses (`Kernel/config.py`).
"""

from typing import Final

from Kernel.contract.messages import HEARTBEAT_S
from Kernel.contract.policy import LEAVES
from Kernel.contract.settings import Effect, Key, Sort
from Kernel.core.governor_rules import STEPS_OF_BUS
from Kernel.core.limits import USUAL_WEIGHT, CageKind
from Kernel.core.watchdog import Mode

ZONES: Final = "zones"
TRIAL: Final = "trial"
CALL: Final = "call"
GUARD: Final = "guard"
GOVERNOR: Final = "governor"
UPDATE: Final = "update"
_DAY_S: Final = 86_400
_MS: Final = 0.001
_MEMORY_MB_MAX: Final = 1 << 24
_CPU_PERCENT_MAX: Final = 100 * 4096
_CPU_WEIGHT_MAX: Final = 10_000
_TASKS_MAX: Final = 1 << 22
_DESCRIPTORS_MAX: Final = 1 << 20
_FILE_MB_MAX: Final = 1 << 30
_EVENTS_MAX: Final = 1 << 30

KERNEL_KEYS: Final = (
    Key("poll_interval_ms", Sort.NUMBER, 100, 1, 1000, "ms", field="poll_interval_s", scale=_MS),
    Key("stop_deadline_s", Sort.NUMBER, 10, 0.1, 300, "s"),
    Key("snapshot_on_stop", Sort.FLAG, True),
    Key("probe_base_s", Sort.NUMBER, 5, 0.1, 3600, "s"),
    Key("probe_cap_s", Sort.NUMBER, 300, 0.1, _DAY_S, "s"),
    Key("uncaged", Sort.FLAG, False),
    Key("unchecked_trials", Sort.FLAG, False, effect=Effect.BOOT),
)
"""All but `zones`, whose values are maps of ZONE_KEYS by zone, and the maps of MAP_KEYS."""

ZONE_KEYS: Final = (
    Key("service", Sort.TEXT, unit="package", effect=Effect.BOOT, required=True),
    Key("kind", Sort.CHOICE, effect=Effect.BOOT, choices=("arena", "bus"), required=True),
    Key("enabled", Sort.FLAG, True, effect=Effect.BOOT),
    Key("settings", Sort.TEXT, unit="file under config/ without .yaml", effect=Effect.BOOT),
    Key("heir", Sort.FLAG, effect=Effect.BOOT),
    Key("reads", Sort.NAMES, [], unit="arena zones", effect=Effect.BOOT),
    Key("broker", Sort.FLAG, False, effect=Effect.BOOT),
    Key("deadline_ms", Sort.NUMBER, None, 10, 600_000, "ms", field="deadline_s", scale=_MS),
    Key("watchdog", Sort.CHOICE, Mode.ACTIVE.value, choices=tuple(mode.value for mode in Mode)),
    Key("guard_s", Sort.NUMBER, 30, 0, _DAY_S, "s"),
    Key("free_failures", Sort.WHOLE, 3, 0, 1000),
    Key("failures_max", Sort.WHOLE, 8, 1, 1000),
    Key("backoff_base_s", Sort.NUMBER, 0.1, 0.001, 60, "s"),
    Key("backoff_cap_s", Sort.NUMBER, 5, 0.001, 3600, "s"),
    Key("healthy_after_s", Sort.NUMBER, 10, 0.01, _DAY_S, "s"),
    Key("nice", Sort.WHOLE, 0, 0, 19, effect=Effect.PROCESS),
    Key("cage", Sort.CHOICE, effect=Effect.BOOT, choices=tuple(cage.value for cage in CageKind)),
    Key("memory_mb", Sort.WHOLE, 0, 0, _MEMORY_MB_MAX, "MB, 0: no limit"),
    Key("cpu_percent", Sort.WHOLE, 0, 0, _CPU_PERCENT_MAX, "% of one core, 0: no limit"),
    Key("cpu_weight", Sort.WHOLE, None, 1, _CPU_WEIGHT_MAX),
    Key("processes", Sort.WHOLE, 0, 0, _TASKS_MAX, "0: no limit"),
    Key("descriptors", Sort.WHOLE, 0, 0, _DESCRIPTORS_MAX, "0: no limit", Effect.PROCESS),
    Key("file_mb", Sort.WHOLE, 0, 0, _FILE_MB_MAX, "MB, 0: no limit", Effect.PROCESS),
    Key("log_lines_per_s", Sort.WHOLE, 100, 1, 100_000, "lines/s"),
    Key("disk_mb_per_s", Sort.WHOLE, 0, 0, _FILE_MB_MAX, "MB/s, 0: no limit"),
    Key("events", Sort.WHOLE, 0, 0, _EVENTS_MAX, "events, 0: no limit"),
    Key("steps", Sort.NAMES, None, choices=tuple(step.word for step in STEPS_OF_BUS)),
    Key("yields", Sort.FLAG, False),
    Key("may", Sort.NAMES, [], choices=LEAVES),
)
"""An arena zone has an heir unless `heir` says no; `cage`, `deadline_ms`, `cpu_weight` and `steps`
follow from `kind`."""

DEADLINE_MS: Final = {"arena": 250, "bus": 5000}
CPU_WEIGHT: Final = {"arena": 10 * USUAL_WEIGHT, "bus": USUAL_WEIGHT}
"""Only an arena zone has to be on time, sixty times a second."""
BUS_DEADLINE_S_MIN: Final = 2 * HEARTBEAT_S
"""A bus zone is not hung while one heartbeat is under way and the next is not due."""

SOURCE_KB_MAX: Final = 32
"""Of a trait: validation takes no longer one (`zones.traits.contract.SOURCE_BYTES_MAX`)."""
_EACH: Final = (
    Key("at_once", Sort.WHOLE, 2, 1, 64),
    Key("queued", Sort.WHOLE, 16, 0, 1024),
    Key("cpu_weight", Sort.WHOLE, USUAL_WEIGHT, 1, _CPU_WEIGHT_MAX),
    Key("processes", Sort.WHOLE, 32, 4, _TASKS_MAX),
    Key("descriptors", Sort.WHOLE, 128, 32, _DESCRIPTORS_MAX),
)
CELL_KEYS: Final = {
    TRIAL: (
        *_EACH,
        Key("cpu_percent", Sort.WHOLE, 200, 0, _CPU_PERCENT_MAX, "% of one core, 0: no limit"),
        Key("wall_s", Sort.NUMBER, 120, 1, 3600, "s"),
        Key("memory_mb", Sort.WHOLE, 2048, 64, _MEMORY_MB_MAX, "MB"),
        Key("file_mb", Sort.WHOLE, 1024, 1, _FILE_MB_MAX, "MB"),
        Key("source_kb", Sort.WHOLE, SOURCE_KB_MAX, 1, SOURCE_KB_MAX, "kB"),
        Key("ticks_max", Sort.WHOLE, 100_000, 1, 10_000_000, "ticks"),
        Key("seeds_max", Sort.WHOLE, 64, 1, 1024),
    ),
    CALL: (
        *_EACH,
        Key("cpu_percent", Sort.WHOLE, 100, 0, _CPU_PERCENT_MAX, "% of one core, 0: no limit"),
        Key("wall_s", Sort.NUMBER, 60, 0.1, 3600, "s"),
        Key("memory_mb", Sort.WHOLE, 512, 64, _MEMORY_MB_MAX, "MB"),
        Key("file_mb", Sort.WHOLE, 64, 1, _FILE_MB_MAX, "MB"),
        Key("source_kb", Sort.WHOLE, 256, 1, 360, "kB"),
        Key("output_kb", Sort.WHOLE, 64, 1, 240, "kB"),
        Key("cache_kb", Sort.WHOLE, 8192, 0, 1 << 20, "kB"),
        Key("cache_s", Sort.NUMBER, 3600, 1, _DAY_S, "s"),
    ),
}
"""Temporary processes, by their role in kernel.yaml."""
GUARD_KEYS: Final = (
    Key("ticks", Sort.WHOLE, 2000, 1, 1_000_000, "ticks"),
    Key("windows_out", Sort.WHOLE, 3, 1, 1000, "windows"),
    Key("forecast_seeds", Sort.WHOLE, 8, 2, 64, "seeds"),
    Key("forecast_s", Sort.NUMBER, 60, 1, 3600, "s"),
    Key("missed_percent", Sort.NUMBER, 10, 0.1, 100, "% of ticks"),
    Key("fuel_percent", Sort.NUMBER, 25, 0.1, 100, "% of a tick's period"),
    Key("faults_percent", Sort.NUMBER, 50, 0.1, 100, "% of calls"),
)
GOVERNOR_KEYS: Final = (
    Key("memory_percent", Sort.NUMBER, 90, 1, 100, "% of the machine's memory"),
    Key("step_up_s", Sort.NUMBER, 5, 0.1, 3600, "s"),
    Key("calm_s", Sort.NUMBER, 30, 1, 3600, "s"),
    Key("growth_window_s", Sort.NUMBER, 600, 10, _DAY_S, "s"),
    Key("growth_horizon_s", Sort.NUMBER, 3600, 0, 30 * _DAY_S, "s"),
    Key("growth_percent", Sort.NUMBER, 80, 1, 100, "% of memory_mb"),
    Key("throttle_percent", Sort.WHOLE, 25, 1, _CPU_PERCENT_MAX, "% of one core"),
    Key("throttle_events_per_s", Sort.WHOLE, 100, 1, 1_000_000, "events/s"),
    Key("cpu_wait_percent", Sort.NUMBER, 20, 0.1, 100, "% of the time"),
    Key("memory_pressure_percent", Sort.NUMBER, 10, 0.1, 100, "% of the time"),
    Key("io_pressure_percent", Sort.NUMBER, 60, 0.1, 100, "% of the time"),
    Key("disk_free_mb", Sort.WHOLE, 512, 0, _FILE_MB_MAX, "MB, 0: no limit"),
    Key("cost_percent", Sort.NUMBER, 0.5, 0.01, 100, "% of one core"),
    Key("place_cores", Sort.FLAG, True),
)
UPDATE_KEYS: Final = (
    Key("guard_ticks", Sort.WHOLE, 3750, 1, 100_000_000, "ticks"),
    Key("ready_s", Sort.NUMBER, 600, 1, _DAY_S, "s"),
    Key("failures_max", Sort.WHOLE, 3, 1, 1000),
)
MAP_KEYS: Final = CELL_KEYS | {GUARD: GUARD_KEYS, GOVERNOR: GOVERNOR_KEYS, UPDATE: UPDATE_KEYS}
"""The maps of kernel.yaml but `zones`."""


def find_key(dotted: str) -> Key:
    """Return the key of kernel.yaml that a dotted name is of: `zones.stable.nice`, `trial.wall_s`.

    Raises:
        KeyError: it has none of that name.
    """
    first, _, rest = dotted.partition(".")
    name = rest.rpartition(".")[2] or first
    table = ZONE_KEYS if first == ZONES else MAP_KEYS.get(first, KERNEL_KEYS)
    return {key.name: key for key in table}[name]
