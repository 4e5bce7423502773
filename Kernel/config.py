"""Configuration: YAML files, environment and --set, parsed once into frozen dataclasses.

Owns: reading config/*.yaml, the kernel's own settings as it uses them, what a zone is. Does not
own: its keys (`config_keys.py`), what overrides what (`Kernel/contract/sources.py`), the settings
of services, which are handed to them as plain data and checked there.
Past 400 lines, for what is read by the tables is told by them, too (`effective`).
"""

import math
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

from Kernel.config_keys import (
    BUS_DEADLINE_S_MIN,
    CALL,
    CELL_KEYS,
    CPU_WEIGHT,
    DEADLINE_MS,
    GOVERNOR,
    GUARD,
    KERNEL_KEYS,
    MAP_KEYS,
    TRIAL,
    UPDATE,
    ZONE_KEYS,
    ZONES,
)
from Kernel.contract.codec import pack
from Kernel.contract.envelope import KERNEL
from Kernel.contract.errors import CodecError, ConfigError, Fault
from Kernel.contract.scenarios import scenario_path
from Kernel.contract.settings import Key, default_of, find_faults, read_values, show
from Kernel.contract.sources import DEFAULT, WORLD, Sources
from Kernel.contract.user_bus import SCRIBE
from Kernel.contract.zygote_protocol import Unprepared
from Kernel.core.governor_rules import STEPS_OF_BUS, GovernorRules, unfit_steps, usual_steps
from Kernel.core.guard import GuardRules
from Kernel.core.limits import CageKind, CallLimits, CellLimits, Limits, TrialLimits
from Kernel.core.steps import WORDS, Step
from Kernel.core.supervisor import Kind, Policy
from Kernel.core.update_guard import UpdateRules
from Kernel.core.watchdog import Mode

_ZONE_NAME = re.compile(r"[a-z_][a-z0-9_]{0,23}")
SPEAKERS = (KERNEL, SCRIBE)
"""Who stands as the zone of an event and is none."""
_OF_POLICY = frozenset(place.name for place in fields(Policy))
_OF_LIMITS = frozenset(place.name for place in fields(Limits))
_OF_MAP: Final = {GUARD: "a guard period", GOVERNOR: "the governor", UPDATE: "updates"}
_Rules = TypeVar("_Rules", GuardRules, GovernorRules, UpdateRules)


@dataclass(frozen=True, slots=True)
class ZoneConfig:
    """One zone as declared.

    Args:
        service: package with a `service` module.
        settings: what the service is told, as plain data.
        reads: zones whose arenas it may map, read-only.
        broker: it receives the events of all others; one zone at most.
        deadline_s: seconds without progress that mean hung.
        watchdog: what is done about it.
        guard_s: seconds for which a generation that was replaced stays warm, with an heir.
        nice: added to the niceness of its processes.
        cage: the profile its processes are enclosed by.
        limits: what its processes may take.
        log_lines_per_s: of more lines than this on stderr only the number is logged.
        may: what it may ask the kernel for.
        disk_mb_per_s: that its processes may write to disks together; 0: no limit.
        events: of it that may wait to be stored; 0: no limit.
        steps: that may be taken against it, the mildest first.
        yields: it gives way when the machine is overloaded, and not only for what it takes itself.
        enabled: it is there; one that is not is in no list of zones.
        uncaged: the kernel's own setting: its processes run generated code without a cage, too.
        governor: the kernel's own setting: when steps are taken.
        settings_file: the name of the file that holds its settings, "" for none.
        sources: where they were said.
    """

    name: str
    service: str
    policy: Policy
    settings: dict[str, Any] = field(default_factory=dict)
    reads: tuple[str, ...] = ()
    broker: bool = False
    deadline_s: float = 0.25
    watchdog: Mode = Mode.ACTIVE
    guard_s: float = 30.0
    nice: int = 0
    cage: CageKind = CageKind.NONE
    limits: Limits = field(default_factory=Limits)
    log_lines_per_s: int = 100
    may: tuple[str, ...] = ()
    disk_mb_per_s: int = 0
    events: int = 0
    steps: tuple[Step, ...] = STEPS_OF_BUS
    yields: bool = False
    enabled: bool = True
    uncaged: bool = False
    governor: GovernorRules = field(default_factory=GovernorRules)
    settings_file: str = ""
    sources: Sources = field(default_factory=Sources, compare=False, repr=False)

    def explain(self, said: Unprepared) -> Unprepared:
        """Return what a service said of its settings, with the file and line of each fault."""
        if not said.faults:
            return said
        try:
            faults = [Fault(str(each["key"]), str(each["why"])) for each in said.faults]
        except (TypeError, KeyError):  # of another version: its own words must do
            return said
        error = ConfigError("", faults=tuple(faults))
        error = self.sources.explain(self.settings_file, error)
        return replace(said, message=error.message, hint=error.hint)


@dataclass(frozen=True, slots=True)
class KernelConfig:
    """The whole configuration of one boot.

    Args:
        scenario: the scenario laid over the world's settings, None: they are as the file has them.
        probe_base_s, probe_cap_s: first and largest delay, doubled in between, before what was
            broken is tried again (the checkout while a slot serves, the kernel in safe mode).
        uncaged: generated code is run although the machine has no filter of system calls.
        unchecked_trials: trials neither validate nor guard what they run; for tests of the cage.
        trial, call: the temporary processes of either role.
        guard, update: by which rules a mutation, a module version is kept or taken back.
        governor: the rules by which zones are held to their share of the machine.
        sources: what was said, and where.
    """

    poll_interval_s: float
    stop_deadline_s: float
    snapshot_on_stop: bool
    zones: tuple[ZoneConfig, ...]
    scenario: str | None = None
    probe_base_s: float = 5.0
    probe_cap_s: float = 300.0
    uncaged: bool = False
    unchecked_trials: bool = False
    trial: TrialLimits = field(default_factory=TrialLimits)
    call: CallLimits = field(default_factory=CallLimits)
    guard: GuardRules = field(default_factory=GuardRules)
    governor: GovernorRules = field(default_factory=GovernorRules)
    update: UpdateRules = field(default_factory=UpdateRules)
    sources: Sources = field(default_factory=Sources, compare=False, repr=False)


def config_folder(home: Path, checkout: Path) -> Path:
    """Return where the files are: a home may have its own, else those of the checkout hold."""
    own = home / "config"
    return own if own.is_dir() else checkout / "config"


def load_config(
    folder: Path,
    overrides: tuple[str, ...],
    environment: Mapping[str, str] | None = None,
    scenario: str | None = None,
) -> KernelConfig:
    """Read and check the configuration.

    Args:
        folder: where kernel.yaml and the zones' files are.
        overrides: the values of --set, "file.key=value" with the value in YAML.
        environment: os.environ unless given; MOLT_<KEY> overrides a key of world.yaml.
        scenario: name of a file in `folder`/scenarios whose keys are laid over those of
            world.yaml, before the environment and the overrides.

    Raises:
        ConfigError: files or values are wrong; says where, which, and the limit, for each.
    """
    sources = Sources()
    unread: list[ConfigError] = []
    for path in sorted(folder.glob("[!.]*.yaml")):  # an editor's lock or draft begins with a dot
        sources.values[path.stem] = {}
        try:
            sources.add(path.stem, path)
        except ConfigError as error:
            unread.append(error)
    if unread:
        faults = tuple(fault for error in unread for fault in error.faults)
        raise ConfigError("\n".join(error.message for error in unread), unread[0].hint, faults)
    if "kernel" not in sources.values:
        raise ConfigError(f"cannot find {folder / 'kernel.yaml'}", "git checkout config")
    if scenario is not None:
        sources.add(WORLD, scenario_path(folder, scenario))
    sources.add_environment(os.environ if environment is None else environment)
    for override in overrides:
        sources.set(override)
    return parse_config(sources, scenario)


def parse_config(sources: Sources, scenario: str | None = None) -> KernelConfig:
    """Check what was said and return it as the kernel uses it.

    Raises:
        ConfigError: tells every fault that there is.
    """
    raw = sources.values["kernel"]
    top = {key: value for key, value in raw.items() if key not in (ZONES, *MAP_KEYS)}
    values, faults = read_values(KERNEL_KEYS, top)
    values[TRIAL] = _cell(TRIAL, raw, TrialLimits, faults)
    values[CALL] = _cell(CALL, raw, CallLimits, faults)
    values[GUARD] = _rules(GUARD, raw, GuardRules, faults)
    values[UPDATE] = _rules(UPDATE, raw, UpdateRules, faults)
    values[GOVERNOR] = _rules(GOVERNOR, raw, GovernorRules, faults)
    specs = raw.get(ZONES)
    if not isinstance(specs, dict) or not specs:
        faults.append(Fault(ZONES, "must name at least one zone"))
        specs = {}
    every = [_zone(name, spec, sources, faults) for name, spec in specs.items()]
    zones = [zone for zone in every if zone is None or zone.enabled]
    if every and not zones:
        faults.append(Fault(ZONES, "must have one zone at least that is enabled"))
    uncaged, governor = bool(values.get("uncaged")), values[GOVERNOR] or GovernorRules()
    zones = [replace(zone, uncaged=uncaged, governor=governor) if zone else None for zone in zones]
    # From what was said: a zone with a fault of its own is an arena all the same.
    arenas = {
        name
        for name, spec in specs.items()
        if isinstance(spec, dict)
        and spec.get("kind") == Kind.ARENA
        and spec.get("enabled", True) is not False
    }
    for zone in zones:
        unknown = sorted(set(zone.reads) - arenas) if zone else []
        if zone and unknown:
            there = ", ".join(sorted(arenas)) or "none"
            why = f"names {', '.join(map(show, unknown))}; arena zones are {there}"
            faults.append(Fault(f"{ZONES}.{zone.name}.reads", why))
    faults += _second_brokers(zones)
    located = sources.locate("kernel", faults)
    for file in sorted({zone.settings_file for zone in zones if zone and zone.settings_file}):
        located += sources.locate(file, _unsendable(sources.values[file]))
    if located:
        raise ConfigError.of("kernel.yaml", located)
    sound = tuple(zone for zone in zones if zone is not None)
    return KernelConfig(zones=sound, scenario=scenario, sources=sources, **values)


def _rules(
    name: str, raw: Mapping[str, Any], kind: type[_Rules], faults: list[Fault]
) -> _Rules | None:
    """Return the rules of one map of kernel.yaml, or None and one fault more at least."""
    spec = raw.get(name, {})
    if not isinstance(spec, dict):
        faults.append(Fault(name, f"is {show(spec)}, it takes the keys of {_OF_MAP[name]}"))
        return None
    values, wrong = read_values(MAP_KEYS[name], spec, f"{name}.")
    faults += wrong
    return None if wrong else kind(**values)


def _cell(
    role: str, raw: Mapping[str, Any], kind: type[CellLimits], faults: list[Fault]
) -> CellLimits | None:
    """Return the limits of a role of temporary processes, or None and one fault more at least."""
    spec = raw.get(role, {})
    if not isinstance(spec, dict):
        faults.append(Fault(role, f"is {show(spec)}, it takes the keys of temporary processes"))
        return None
    values, wrong = read_values(CELL_KEYS[role], spec, f"{role}.")
    faults += wrong
    if wrong:
        return None
    each = Limits(**{key: values.pop(key) for key in _OF_LIMITS})
    return kind(each=each, **values)


def _zone(name: str, spec: Any, sources: Sources, faults: list[Fault]) -> ZoneConfig | None:
    """Return a zone, or None and one fault more at least."""
    at = f"{ZONES}.{name}"
    if not _ZONE_NAME.fullmatch(name):
        faults.append(Fault(at, "has no fit name: at most 24 of a-z 0-9 _, no digit first"))
        return None
    if not isinstance(spec, dict):
        faults.append(Fault(at, f"is {show(spec)}, it takes the keys of a zone"))
        return None
    values, wrong = read_values(ZONE_KEYS, spec, at + ".")
    file = values.pop("settings", "")
    if file and file not in sources.values:
        wrong.append(_missing_file(f"{at}.settings", file, sources))
    if name in SPEAKERS:
        wrong.append(Fault(at, "has the name of one who sends events himself; take another"))
    if values.get("kind") == Kind.ARENA and values.get("broker"):
        wrong.append(Fault(f"{at}.broker", "is true, only a bus zone receives events"))
    if values.get("kind") == Kind.BUS and values.get("heir"):
        wrong.append(Fault(f"{at}.heir", "is true, only an arena zone has an heir"))
    if values.get("kind") == Kind.ARENA and values.get("may"):
        wrong.append(Fault(f"{at}.may", "names requests, only a bus zone can ask"))
    if values.get("kind") == Kind.BUS and values.get("deadline_s", math.inf) < BUS_DEADLINE_S_MIN:
        why = f"is {show(spec['deadline_ms'])}, a bus zone takes {1000 * BUS_DEADLINE_S_MIN:g} (ms)"
        wrong.append(Fault(f"{at}.deadline_ms", f"{why} at least, two of its heartbeats"))
    usual = usual_steps(arena=values.get("kind") == Kind.ARENA, broker=bool(values.get("broker")))
    unfit = unfit_steps(values.get("steps", ()), usual)
    if unfit and "kind" in values:
        wrong.append(Fault(f"{at}.steps", unfit))
    if wrong:
        faults += wrong
        return None
    values.setdefault("steps", [step.word for step in usual])
    values["steps"] = tuple(sorted({WORDS[word] for word in values["steps"]}))
    values.setdefault("deadline_s", DEADLINE_MS[values["kind"]] / 1000)
    values["kind"] = Kind(values["kind"])
    default_cage = CageKind.SEALED if values["kind"] is Kind.ARENA else CageKind.NONE
    values["cage"] = CageKind(values.get("cage", default_cage))
    values.setdefault("cpu_weight", CPU_WEIGHT[values["kind"]])
    values["limits"] = Limits(**{key: values.pop(key) for key in _OF_LIMITS})
    values.setdefault("heir", values["kind"] is Kind.ARENA)
    values["watchdog"] = Mode(values["watchdog"])
    policy = Policy(**{key: values.pop(key) for key in _OF_POLICY & set(values)})
    return ZoneConfig(
        name=name,
        policy=policy,
        settings=dict(sources.values[file]) if file else {},
        settings_file=file,
        sources=sources,
        **values,
    )


def _second_brokers(zones: list[ZoneConfig | None]) -> list[Fault]:
    """Return a fault for each broker but the first: events have one order, so one place."""
    brokers = [zone.name for zone in zones if zone is not None and zone.broker]
    why = f"is true, and {brokers[0]} receives the events already" if brokers else ""
    return [Fault(f"{ZONES}.{name}.broker", why) for name in brokers[1:]]


def _missing_file(key: str, file: str, sources: Sources) -> Fault:
    """Return the fault of a zone whose settings are in no file: it is gone, or its name is wrong.

    Who has deleted a file is to be told of that one, not of the line that names it.
    """
    path = Path(sources.origin("kernel")).with_name(f"{file}.yaml")
    there = ", ".join(sorted(sources.values))
    why = f"names {show(file)}, and {path} is missing; files are {there}"
    close = get_close_matches(file, sources.values, n=1)
    if close:
        return Fault(key, f"{why}; did you mean {close[0]}?")
    return Fault(key, why, hint=f"git checkout config/{file}.yaml")


def _unsendable(settings: dict[str, Any]) -> list[Fault]:
    """Return the faults of a service's settings: they must be data that its zygote can be told."""
    faults = []
    for key, value in settings.items():
        try:
            pack({key: value})
        except CodecError:
            faults.append(Fault(key, f"is {show(value)}, it takes plain data"))
    return faults


def speakers(zones: Sequence[ZoneConfig]) -> tuple[str, ...]:
    """Return who has an endpoint on the user bus; nobody, where no zone is its broker."""
    if not any(zone.broker for zone in zones):
        return ()
    return (*(zone.name for zone in zones if zone.policy.kind is Kind.BUS), KERNEL, SCRIBE)


class Setting(NamedTuple):
    """A value that holds, and where it was said: FILE:LINE, --set KEY, MOLT_KEY or "default"."""

    value: Any
    origin: str


Tables = Mapping[str, tuple[Key, ...]]
"""The keys of files that services use, by the name of the file."""


def effective(config: KernelConfig, tables: Tables) -> dict[str, Setting]:
    """Return every value that holds by its dotted key, the file's name first.

    Args:
        tables: keys that are left out in other files than these are not known.
    """
    sources = config.sources
    kernel = sources.values["kernel"]
    found = _said(sources, "kernel.", kernel, KERNEL_KEYS)
    for role, keys in MAP_KEYS.items():
        found |= _said(sources, f"kernel.{role}.", kernel.get(role, {}), keys)
    for zone in config.zones:
        at = f"kernel.{ZONES}.{zone.name}."
        found |= _said(sources, at, kernel[ZONES][zone.name], ZONE_KEYS)
        found.setdefault(at + "heir", Setting(zone.policy.heir, DEFAULT))
        found.setdefault(at + "cage", Setting(zone.cage.value, DEFAULT))
        found.setdefault(at + "deadline_ms", Setting(DEADLINE_MS[zone.policy.kind], DEFAULT))
        found.setdefault(at + "cpu_weight", Setting(CPU_WEIGHT[zone.policy.kind], DEFAULT))
        found.setdefault(at + "steps", Setting([step.word for step in zone.steps], DEFAULT))
    there = {zone.name for zone in config.zones}
    for name in [each for each in kernel[ZONES] if each not in there]:  # not enabled
        found |= _said(sources, f"kernel.{ZONES}.{name}.", kernel[ZONES][name], ())
    for file in sorted({zone.settings_file for zone in config.zones} - {""}):
        found |= _said(sources, f"{file}.", sources.values[file], tables.get(file, ()))
    return found


def _said(
    sources: Sources, at: str, values: Mapping[str, Any], keys: tuple[Key, ...]
) -> dict[str, Setting]:
    """Return the values of one map: those of the table in its order, then all others."""
    defaults = {at + key.name: default_of(key, keys, values) for key in keys}
    found = {key: Setting(value, DEFAULT) for key, value in defaults.items() if value is not None}
    said = {at + key: Setting(value, sources.origin(at + key)) for key, value in values.items()}
    maps = {f"kernel.{name}" for name in (ZONES, *MAP_KEYS)}
    return found | {key: each for key, each in said.items() if key not in maps}


def check_services(config: KernelConfig, tables: Tables) -> None:
    """Check the settings of services by the tables they told.

    Raises:
        ConfigError: tells every fault that there is.
    """
    faults: list[Fault] = []
    for file, keys in tables.items():
        wrong = find_faults(keys, config.sources.values.get(file, {}))
        faults += config.sources.locate(file, wrong)
    if faults:
        raise ConfigError.of("config", faults)
