"""`molt config`: each key that holds and where it was said; `molt config check`: every fault.

Owns: the words, the listing, the exit code. Does not own: reading (`Kernel/config.py`), what a
service says of its settings (`Kernel/ports/settings_report.py`). Needs no kernel; of a running one
the parameters of its world are marked where they differ. It may have been booted with other words,
which `molt reload --dry-run` knows.
"""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any, NoReturn

from Kernel.config import KernelConfig, Setting, config_folder, effective, load_config
from Kernel.console.client import SOCKET_PATH, ask
from Kernel.console.facts import WORLD_ZONE
from Kernel.console.folding import columns_of, fold
from Kernel.console.session import CHECKOUT
from Kernel.contract.errors import ConfigError, Fault, MoltError, UsageError
from Kernel.contract.settings import Key
from Kernel.ports.settings_report import Report, ask_service

WORLD_S = 2.0
"""So long a kernel that is there may take to say what its world has."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Complain in our form; argparse would print usage and leave by itself."""
        raise UsageError(f"cannot read the command line: {message}", "molt help config")


def main(arguments: list[str]) -> int:
    """Run it and return the exit code."""
    as_json = "--json" in arguments
    try:
        options = _parse(arguments)
        folder = config_folder(options.home.absolute(), CHECKOUT)
        config = load_config(folder, tuple(options.set), scenario=options.scenario)
        tables, wrong = ask_services(config)
        settings = effective(config, tables)
        held = ask_world(options.home.absolute(), config)
        other = {key: value for key, value in held.items() if _differs(settings.get(key), value)}
        if options.act == "show" and not as_json:
            # Also while something is wrong with it: that is when it is read.
            _list(settings, other, folder)
        if wrong is not None:
            raise wrong
        if options.act == "check":
            _tell_sound(folder, len(settings), config.sources.ignored, as_json)
        elif as_json:
            worlds = {key: {"world": value} for key, value in other.items()}
            told = {key: each._asdict() | worlds.get(key, {}) for key, each in settings.items()}
            _print(told)
        return 0
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except MoltError as error:
        _tell_error(error, as_json)
        return error.exit_code


def ask_services(
    config: KernelConfig,
) -> tuple[dict[str, tuple[Key, ...]], MoltError | None]:
    """Have each service look at its file.

    Returns:
        The tables by file, and what is wrong: a ConfigError with every fault of every file, else
        the error of a service that cannot be asked, whose table is then empty.
    """
    tables: dict[str, tuple[Key, ...]] = {}
    faults: list[Fault] = []
    unasked: MoltError | None = None
    for zone in config.zones:
        if not zone.settings_file or zone.settings_file in tables:
            continue
        try:
            report = ask_service(CHECKOUT, zone.service, zone.settings)
        except MoltError as error:
            unasked = error
            report = Report((), [])
        tables[zone.settings_file] = report.keys
        faults += config.sources.locate(zone.settings_file, report.faults)
    return tables, ConfigError.of("config", faults) if faults else unasked


def ask_world(home: Path, config: KernelConfig) -> dict[str, float]:
    """Return what the parameters of the running world are by dotted key; none without a kernel."""
    file = next((zone.settings_file for zone in config.zones if zone.name == WORLD_ZONE), "")
    if not file or not home.joinpath(*SOCKET_PATH).exists():
        return {}
    try:
        rows = ask(home, "params", {}, WORLD_S, WORLD_S).result.get("params")
    except MoltError:  # it is booting, or in safe mode: what the files say is what was asked for
        return {}
    if not isinstance(rows, list):
        return {}
    told = {f"{file}.{row.get('key')}": row.get("value") for row in rows if isinstance(row, dict)}
    return {key: value for key, value in told.items() if isinstance(value, int | float)}


def _differs(setting: Setting | None, held: float) -> bool:
    return setting is not None and bool(setting.value != held)


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = _Parser(prog="molt config", description="what holds, and where it was said")
    parser.add_argument("act", nargs="?", choices=("show", "check"), default="show")
    parser.add_argument("--home", type=Path, default=CHECKOUT, metavar="DIR")
    parser.add_argument("--scenario", metavar="NAME", help="as at a boot with it")
    parser.add_argument(
        "--set", action="append", default=[], metavar="FILE.KEY=VALUE", help="as at a boot with it"
    )
    parser.add_argument("--json", action="store_true", help="one document on stdout")
    return parser.parse_args(arguments)


def _list(settings: dict[str, Setting], other: dict[str, float], folder: Path) -> None:
    """List what holds; a terminal is told the folder once, so that its lines hold a row each."""
    rows = [(key, json.dumps(each.value), each.origin) for key, each in settings.items()]
    if sys.stdout.isatty():
        print(f"  files in {folder}")
        rows = [(key, value, origin.removeprefix(f"{folder}/")) for key, value, origin in rows]
    key_width, value_width = (max(len(row[place]) for row in rows) for place in (0, 1))
    for key, value, origin in rows:
        mark = f"  ▲ the world has {json.dumps(other[key])}" if key in other else ""
        print(f"  {key:<{key_width}}  {value:>{value_width}}  {origin}{mark}")
    if other:
        print("hint: molt reload")


def _tell_sound(folder: Path, count: int, ignored: dict[str, str], as_json: bool) -> None:
    if as_json:
        warnings = [{"key": name, "why": why} for name, why in ignored.items()]
        _print({"sound": True, "folder": str(folder), "keys": count, "warnings": warnings})
        return
    print(f"  ● sound  {count} keys, files in {folder}")
    for name, why in ignored.items():
        print(f"  ▲ {name} {why}\n    hint: unset {name}")


def _tell_error(error: MoltError, as_json: bool) -> None:
    if as_json:
        fields = {"code": error.exit_code, "message": error.message, "hint": error.hint}
        faults = error.faults if isinstance(error, ConfigError) else ()
        told = [{"key": each.key, "why": each.why, "where": each.where} for each in faults]
        _print({"error": {**fields, "faults": told}})
    for line in error.message.splitlines():  # each fault has its own
        print(fold(line, columns_of(sys.stderr), indent=2), file=sys.stderr)
    if error.hint:
        print(f"hint: {error.hint}", file=sys.stderr)


def _print(document: dict[str, Any]) -> None:
    print(json.dumps(document, ensure_ascii=False, indent=2 if sys.stdout.isatty() else None))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
