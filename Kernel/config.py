"""Configuration: YAML files, environment and --set, parsed once into frozen dataclasses.

Owns: reading config/*.yaml, the order of what overrides what (file, then for the world a
scenario and MOLT_<KEY>, then --set), the kernel's own keys. Does not own: the settings of services,
which are handed to them as plain data and checked there; reading YAML strictly
(`Kernel/contract/yaml_files.py`).
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from Kernel.contract.codec import pack
from Kernel.contract.errors import CodecError, ConfigError
from Kernel.contract.yaml_files import lay_over, read_map, read_value, show
from Kernel.core.supervisor import Kind, Policy
from Kernel.core.watchdog import Mode

_ZONE_NAME = re.compile(r"[a-z_][a-z0-9_]{0,23}")
_POLICY_KEYS = (
    "free_failures", "failures_max", "backoff_base_s", "backoff_cap_s", "healthy_after_s",
)  # fmt: skip
_ZONE_KEYS = frozenset(
    (
        "service",
        "kind",
        "settings",
        "heir",
        "reads",
        "deadline_ms",
        "watchdog",
        "guard_s",
        "nice",
        *_POLICY_KEYS,
    )
)
_KERNEL_KEYS = frozenset(
    (
        "poll_interval_ms",
        "stop_deadline_s",
        "snapshot_on_stop",
        "probe_base_s",
        "probe_cap_s",
        "zones",
    )
)


@dataclass(frozen=True, slots=True)
class ZoneConfig:
    """One zone as declared.

    Args:
        service: package with a `service` module.
        settings: what the service is told, as plain data.
        reads: zones whose arenas it may map, read-only.
        deadline_s: seconds without progress that mean hung.
        watchdog: what is done about it.
        guard_s: seconds for which a generation that was replaced stays warm, with an heir.
        nice: added to the niceness of its processes.
    """

    name: str
    service: str
    policy: Policy
    settings: dict[str, Any] = field(default_factory=dict)
    reads: tuple[str, ...] = ()
    deadline_s: float = 0.25
    watchdog: Mode = Mode.ACTIVE
    guard_s: float = 30.0
    nice: int = 0


@dataclass(frozen=True, slots=True)
class KernelConfig:
    """The whole configuration of one boot.

    Args:
        scenario: the scenario laid over the world's settings, None: they are as the file has them.
        probe_base_s, probe_cap_s: first and largest delay, doubled in between, before what was
            broken is tried again (the checkout while a slot serves, the kernel in safe mode).
    """

    poll_interval_s: float
    stop_deadline_s: float
    snapshot_on_stop: bool
    zones: tuple[ZoneConfig, ...]
    scenario: str | None = None
    probe_base_s: float = 5.0
    probe_cap_s: float = 300.0


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
        ConfigError: a file or value is wrong; says which, and the limit.
    """
    environment = os.environ if environment is None else environment
    files = {path.stem: read_map(path) for path in sorted(folder.glob("*.yaml"))}
    if "kernel" not in files:
        raise ConfigError(f"cannot find {folder / 'kernel.yaml'}", "git checkout config")
    if "world" in files or scenario is not None:
        files["world"] = lay_over(files.get("world", {}), folder, scenario, environment)
    for override in overrides:
        _override(files, override)
    return _kernel(files, folder / "kernel.yaml", scenario)


def _override(files: dict[str, dict[str, Any]], override: str) -> None:
    path, equals, text = override.partition("=")
    file, *keys = path.strip().split(".")
    if not equals or not keys or file not in files:
        known = ", ".join(sorted(files))
        raise ConfigError(
            f"cannot use --set {override}: it takes FILE.KEY=VALUE with FILE one of {known}",
            "--set world.seed=7",
        )
    place = files[file]
    for key in keys[:-1]:
        place = place.setdefault(key, {})
        if not isinstance(place, dict):
            raise ConfigError(f"cannot use --set {override}: {key} holds no keys")
    place[keys[-1]] = read_value("--set " + path, text)


def _kernel(files: dict[str, dict[str, Any]], path: Path, scenario: str | None) -> KernelConfig:
    raw = files["kernel"]
    _known(raw, _KERNEL_KEYS, path, "")
    zones = raw.get("zones")
    if not isinstance(zones, dict) or not zones:
        raise ConfigError(f"cannot use {path}: zones must name at least one zone", f"edit {path}")
    parsed = tuple(_zone(name, spec, files, path) for name, spec in zones.items())
    arenas = {zone.name for zone in parsed if zone.policy.kind is Kind.ARENA}
    for zone in parsed:
        unknown = set(zone.reads) - arenas
        if unknown:
            raise ConfigError(
                f"cannot use {path}: zones.{zone.name}.reads names {sorted(unknown)}, "
                f"arenas are {sorted(arenas)}"
            )
    return KernelConfig(
        poll_interval_s=_number(raw, "poll_interval_ms", 50, 1, 1000, path, "") / 1000,
        stop_deadline_s=_number(raw, "stop_deadline_s", 10, 0.1, 300, path, ""),
        snapshot_on_stop=_flag(raw, "snapshot_on_stop", True, path, ""),
        zones=parsed,
        scenario=scenario,
        probe_base_s=_number(raw, "probe_base_s", 5, 0.1, 3600, path, ""),
        probe_cap_s=_number(raw, "probe_cap_s", 300, 0.1, 86400, path, ""),
    )


def _zone(name: str, spec: Any, files: dict[str, dict[str, Any]], path: Path) -> ZoneConfig:
    at = f"zones.{name}."
    if not isinstance(spec, dict) or not _ZONE_NAME.fullmatch(name):
        raise ConfigError(
            f"cannot use {path}: zones.{name} must be a name of at most 24 of a-z 0-9 _ with keys"
        )
    _known(spec, _ZONE_KEYS, path, at)
    service, kind = spec.get("service"), spec.get("kind")
    if not isinstance(service, str):
        raise ConfigError(f"cannot use {path}: {at}service is {show(service)}, it takes a package")
    if kind not in ("arena", "bus"):
        raise ConfigError(f"cannot use {path}: {at}kind is {show(kind)}, it takes arena or bus")
    settings = spec.get("settings")
    if settings is not None and not (isinstance(settings, str) and settings in files):
        raise ConfigError(f"cannot use {path}: {at}settings names {settings}.yaml, not there")
    reads = spec.get("reads", [])
    if not isinstance(reads, list) or not all(isinstance(zone, str) for zone in reads):
        raise ConfigError(f"cannot use {path}: {at}reads must be a list of zones")
    heir = _flag(spec, "heir", kind == "arena", path, at)
    if heir and kind == "bus":
        raise ConfigError(f"cannot use {path}: {at}heir is true, only an arena zone has an heir")
    policy = Policy(
        kind=Kind(kind),
        heir=heir,
        free_failures=_whole(spec, "free_failures", 3, 0, 1000, path, at),
        failures_max=_whole(spec, "failures_max", 8, 1, 1000, path, at),
        backoff_base_s=_number(spec, "backoff_base_s", 0.1, 0.001, 60, path, at),
        backoff_cap_s=_number(spec, "backoff_cap_s", 5, 0.001, 3600, path, at),
        healthy_after_s=_number(spec, "healthy_after_s", 10, 0.01, 86400, path, at),
    )
    return ZoneConfig(
        name=name,
        service=service,
        policy=policy,
        settings=_settings(files, settings) if settings else {},
        reads=tuple(reads),
        deadline_s=_number(spec, "deadline_ms", 250, 10, 600_000, path, at) / 1000,
        watchdog=_mode(spec, path, at),
        guard_s=_number(spec, "guard_s", 30, 0, 86400, path, at),
        nice=_whole(spec, "nice", 0, 0, 19, path, at),
    )


def _mode(spec: dict[str, Any], path: Path, at: str) -> Mode:
    value = spec.get("watchdog", Mode.ACTIVE.value)
    if value not in tuple(Mode):
        raise ConfigError(
            f"cannot use {path}: {at}watchdog is {show(value)}, it takes {', '.join(Mode)}",
            f"edit {path}",
        )
    return Mode(value)


def _settings(files: dict[str, dict[str, Any]], name: str) -> dict[str, Any]:
    """Return a service's settings: they must be data that can be sent to its zygote."""
    for key, value in files[name].items():
        try:
            pack({key: value})
        except CodecError as error:
            raise ConfigError(f"cannot use {name}.{key}: {error}", f"edit {name}.yaml") from error
    return dict(files[name])


def _known(raw: dict[str, Any], known: frozenset[str], path: Path, at: str) -> None:
    for key in raw:
        if key not in known:
            raise ConfigError(
                f"cannot use {path}: unknown key {at}{key}; known are {', '.join(sorted(known))}",
                f"edit {path}",
            )


def _number(
    raw: dict[str, Any], key: str, default: float, low: float, high: float, path: Path, at: str
) -> float:
    value = raw.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise ConfigError(
            f"cannot use {path}: {at}{key} is {show(value)}, "
            f"it takes a number from {low:g} to {high:g}",
            f"edit {path}",
        )
    return float(value)


def _whole(
    raw: dict[str, Any], key: str, default: int, low: int, high: int, path: Path, at: str
) -> int:
    value = _number(raw, key, default, low, high, path, at)
    if value != int(value):
        raise ConfigError(
            f"cannot use {path}: {at}{key} is {value:g}, it takes a whole number",
            f"edit {path}",
        )
    return int(value)


def _flag(raw: dict[str, Any], key: str, default: bool, path: Path, at: str) -> bool:
    value = raw.get(key, default)
    if not isinstance(value, bool):
        raise ConfigError(f"cannot use {path}: {at}{key} is {show(value)}, it takes true or false")
    return value
