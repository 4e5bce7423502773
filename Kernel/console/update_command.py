"""`molt update keygen | pack | stage | status`: module versions without a kernel.

Owns: these four, their words and exit codes. Does not own: the form of a bundle
(`Kernel/core/bundle.py`), its stages (`Kernel/core/passive_update.py`), files and keys
(`Kernel/ports`), the dry run (`Kernel/ports/dry_run.py`), commit and rollback, which a running
kernel does.

A bundle is parsed here, in a process of its own and not in the kernel, whatever it holds.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NoReturn

from fallback.slot_files import SlotError, source_files
from Kernel.console.output import show_document, show_error
from Kernel.console.session import CHECKOUT, Session
from Kernel.contract.arena import VERSION
from Kernel.contract.contract_version import CONTRACT
from Kernel.contract.errors import ConfigError, MoltError, Refused, UsageError, what_helps
from Kernel.core import passive_update as up
from Kernel.core.bundle import COUNTER_MAX, FILE_BYTES_MAX, BundleRefused, open_bundle, pack_bundle
from Kernel.core.passive_update import ModuleVersion, Updates
from Kernel.ports.dry_run import TICKS, DryRun
from Kernel.ports.slots import find_factory
from Kernel.ports.update_files import HomeUpdates, read_bundle
from Kernel.ports.update_keys import (
    enrol,
    make_pair,
    read_keyring,
    read_public,
    read_secret,
    short_id,
)
from Kernel.ports.versions import HomeVersions

TICKS_MAX: Final = 100_000
EXIT_DAMAGED: Final = 1
FACTORY: Final = "the factory version"

Fields = dict[str, Any]


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Complain in our form; argparse would print usage and leave by itself."""
        raise UsageError(f"cannot read the command line: {message}", "molt help update")


def main(arguments: list[str]) -> int:
    """Run one and return its exit code."""
    session = Session(as_json="--json" in arguments)
    try:
        options = _parse(arguments)
        session.given = str(options.home)
        return _ACTS[options.act](options)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except MoltError as error:
        show_error(error, session)
        return error.exit_code


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = _Parser(prog="molt update", description="signed module versions")
    shared = _Parser(add_help=False)
    shared.add_argument("--home", type=Path, default=CHECKOUT, metavar="DIR", help="whose versions")
    shared.add_argument("--json", action="store_true", help="one document on stdout")
    acts = parser.add_subparsers(dest="act", required=True, parser_class=_Parser)

    def act(name: str, help_: str) -> argparse.ArgumentParser:
        return acts.add_parser(name, parents=[shared], help=help_)

    keygen = act("keygen", "make a key, and enrol it here")
    keygen.add_argument("file", type=Path, nargs="?", metavar="FILE", help="for the secret half")
    keygen.add_argument("--enrol", type=Path, metavar="FILE", help="a public half made elsewhere")
    pack = act("pack", "pack the zones of a checkout as a signed module version")
    pack.add_argument("file", type=Path, metavar="FILE", help="to be written")
    pack.add_argument("--key", type=Path, required=True, metavar="FILE", help="the secret half")
    pack.add_argument("--version", required=True, metavar="TEXT", help="for people, as in 1.1")
    pack.add_argument("--counter", type=_number(COUNTER_MAX), required=True, metavar="N",
                      help="above that of every version before")  # fmt: skip
    pack.add_argument("--changes-behaviour", action="store_true",
                      help="worlds come to other hashes with it")  # fmt: skip
    pack.add_argument("--source", type=Path, default=CHECKOUT, metavar="DIR", help="a checkout")
    stage = act("stage", "verify, unpack and prove a module version")
    stage.add_argument("file", type=Path, metavar="FILE", help="the bundle")
    stage.add_argument("--ticks", type=_number(TICKS_MAX), default=TICKS, metavar="N",
                       help=f"of the copy of the world (default {TICKS})")  # fmt: skip
    stage.add_argument("--again", action="store_true", help="even if it was taken back here before")
    act("status", "show the module versions of a home")
    return parser.parse_args(arguments)


def _number(high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not text.isascii() or not text.isdecimal() or not 1 <= int(text[:20]) <= high:
            raise argparse.ArgumentTypeError(f"{text[:20]!a} is no whole number from 1 to {high}")
        return int(text)

    return read


def _keygen(options: argparse.Namespace) -> int:
    if (options.file is None) == (options.enrol is None):
        raise UsageError(
            "cannot tell what is meant: give FILE, or --enrol FILE", "molt help update keygen"
        )
    if options.enrol is not None:
        key, made = read_public(options.enrol), None
    else:
        key, made = make_pair(options.file).public, str(options.file)
    is_new = enrol(options.home, key)
    told = {"key": short_id(key.id), "secret": made, "enrolled": str(options.home), "new": is_new}
    lines = [f"● key {told['key']} is enrolled at {options.home}" + ("" if is_new else " already")]
    if made is not None:
        lines.append(f"  secret half  {made}, for you alone: keep it off this machine if you can")
        lines.append(f"  public half  {made}.pub")
    return _tell(told, lines, options)


def _pack(options: argparse.Namespace) -> int:
    key = read_secret(options.key)
    files = _read_files(options.source)
    data = pack_bundle(
        files, options.version, options.counter, options.changes_behaviour, key.public.id, key.sign
    )
    try:
        with options.file.open("xb") as file:
            file.write(data)
    except FileExistsError as error:
        raise Refused(f"cannot write {options.file}: it is there already") from error
    except OSError as error:
        raise UsageError(
            f"cannot write {options.file}: {error.strerror}", what_helps(error, options.file.parent)
        ) from error
    opened = open_bundle(data, lambda *_words: True)  # what was written is what will be read
    told = {
        "file": str(options.file),
        "version": options.version,
        "id": opened.manifest.id,
        "counter": options.counter,
        "contract": opened.manifest.contract,
        "changes_behaviour": options.changes_behaviour,
        "key": short_id(key.public.id),
        "files": len(files),
        "bytes": len(data),
    }
    claim = "may change behaviour" if options.changes_behaviour else "claims the same hashes"
    line = (
        f"● packed version {options.version} ({opened.manifest.id[:12]}): {len(files)} files, "
        f"{len(data) / 1e6:.1f} MB, counter {options.counter}; it {claim}"
    )
    return _tell(told, [line, f"hint: molt update stage {options.file}"], options)


def _read_files(source: Path) -> dict[str, bytes]:
    try:
        paths = source_files(source)
        long = [path for path in paths if (source / path).stat().st_size > FILE_BYTES_MAX]
        if long:
            raise BundleRefused("limit", f"{long[0]} is longer than {FILE_BYTES_MAX} bytes")
        return {path: (source / path).read_bytes() for path in paths}
    except SlotError as error:
        raise ConfigError(error.message, error.hint) from error
    except OSError as error:
        raise UsageError(
            f"cannot read {error.filename}: {error.strerror}", f"ls {source}"
        ) from error


def _stage(options: argparse.Namespace) -> int:
    files, say = HomeUpdates(options.home), _speaker(options)
    data = read_bundle(options.file)
    ring = read_keyring(options.home)
    for problem in ring.problems:
        say(f"▲ {problem}")
    bundle = open_bundle(data, ring.verify)
    told = bundle.manifest
    what = ModuleVersion(
        told.id, told.version, told.counter, told.contract, told.changes_behaviour, bundle.sha256
    )

    def take(updates: Updates) -> Updates:
        up.check_new(updates, what, bundle.arena, (CONTRACT, VERSION), again=options.again)
        return up.take(updates, what)

    before = files.change(take)
    say(f"● verified  version {what.name}, signed by {short_id(bundle.key_id)}")
    try:
        files.keep_bundle(data, bundle.sha256)
        root = files.unpack(bundle).root
        _step(files, what, up.note_verified)
        say(f"● unpacked  {root}")
        say("  dry run: its self-test, then a copy of the world under both versions (minutes)")
        proof = _dry_run(options).prove(
            root,
            what.changes_behaviour,
            options.ticks,
            lambda compiled: files.keep_compiled(what.id, compiled),
        )
        after = _step(files, what, lambda updates: up.note_probed(updates, proof))
    except BundleRefused as refused:
        why = refused.why
        _step(files, what, lambda updates: up.refuse(updates, why))
        files.discard(what.id)
        raise
    assert before.candidate is not None and after.candidate is not None, "it is on its way"
    say(f"● proved    {proof}")
    fields = {"stage": after.candidate.stage.value, "proof": proof, **_version_fields(what)}
    return _tell(fields, ["hint: molt update commit"], options)


def _dry_run(options: argparse.Namespace) -> DryRun:
    control = HomeVersions(CHECKOUT, options.home).main().source.root or CHECKOUT
    return DryRun(options.home.absolute(), CHECKOUT, control, CHECKOUT / ".cache" / "numba")


def _step(files: HomeUpdates, what: ModuleVersion, step: Callable[[Updates], Updates]) -> Updates:
    """Write what follows for a candidate, as long as it is still the one.

    Raises:
        Refused: another was staged meanwhile.
    """

    def checked(updates: Updates) -> Updates:
        candidate = updates.candidate
        if candidate is None or candidate.what != what or candidate.stage in up.COMMITTED:
            raise Refused(
                f"cannot go on with version {what.name}: another was staged meanwhile",
                "molt update status",
            )
        return step(updates)

    return files.change(checked)


def _status(options: argparse.Namespace) -> int:
    files, problems = HomeUpdates(options.home), []
    ring = read_keyring(options.home)
    problems += [{"what": "keys", "why": each, "hint": ""} for each in ring.problems]
    updates = files.load()
    damaged = []
    candidate = updates.candidate
    for name, version in (
        ("active", updates.active),
        ("fallback", updates.fallback),
        ("candidate", candidate.what if candidate is not None else None),
    ):
        if version is None:
            continue
        try:
            files.find(version.id)
        except ConfigError as error:
            if name != "candidate" or (candidate and candidate.stage is not up.Stage.STAGED):
                damaged.append({"what": name, "why": error.message, "hint": error.hint})
    main = HomeVersions(CHECKOUT, options.home).main()
    try:
        factory = find_factory(options.home)
    except ConfigError as error:
        factory = None
        damaged.append({"what": "factory", "why": error.message, "hint": error.hint})
    told = {
        "serves": main.source.name,
        "active": updates.active and _version_fields(updates.active),
        "fallback": updates.fallback and _version_fields(updates.fallback),
        "factory": None if factory is None else factory.version,
        "candidate": candidate
        and {
            **_version_fields(candidate.what),
            "stage": candidate.stage.value,
            "attempts": candidate.attempts,
            "proof": candidate.proof,
        },
        "counter": updates.counter,
        "keys": [short_id(id_) for id_ in ring.keys],
        "outcomes": [
            {"version": each.version, "id": each.id, "how": each.how.value, "why": each.why}
            for each in updates.outcomes
        ],
        "problems": [*damaged, *problems],
    }
    _tell(told, _status_lines(updates, told), options)
    return EXIT_DAMAGED if damaged else 0


def _status_lines(updates: Updates, told: Fields) -> list[str]:
    candidate = updates.candidate
    factory = told["factory"]
    copy = f"its copy is {factory[:12]}" if factory else "it has no copy yet: make setup"
    lines = [
        f"● active    {_called(updates.active)}",
        f"○ fallback  {_called(updates.fallback)}",
        f"○ factory   the checkout; {copy}",
    ]
    if candidate is not None:
        attempts = f", attempt {candidate.attempts}" if candidate.attempts else ""
        proof = f": {candidate.proof}" if candidate.proof else ""
        lines.append(f"○ coming    {candidate.what.name}, {candidate.stage}{attempts}{proof}")
    count = "no key is enrolled" if not told["keys"] else f"keys {', '.join(told['keys'])}"
    lines.append(f"  highest counter {updates.counter}; {count}")
    for each in updates.outcomes:
        because = f": {each.why}" if each.why else ""
        lines.append(f"  {each.version} ({each.id[:12]}) {each.how}{because}")
    for problem in told["problems"]:
        lines.append(f"▲ {problem['what']}: {problem['why']}")
        lines += [f"hint: {problem['hint']}"] if problem["hint"] else []
    return lines


def _called(version: ModuleVersion | None) -> str:
    return FACTORY if version is None else f"{version.name}, counter {version.counter}"


def _version_fields(version: ModuleVersion) -> Fields:
    return {
        "version": version.version,
        "id": version.id,
        "counter": version.counter,
        "contract": version.contract,
        "changes_behaviour": version.changes_behaviour,
    }


def _speaker(options: argparse.Namespace) -> Callable[[str], None]:
    """Return what tells people how far it is; programs get one document at the end."""
    return (lambda _line: None) if options.json else (lambda line: print(line, flush=True))


def _tell(fields: Fields, lines: list[str], options: argparse.Namespace) -> int:
    if options.json:
        show_document(json.loads(json.dumps(fields)))
    else:
        print("\n".join(lines))
    return 0


_ACTS: Final[dict[str, Callable[[argparse.Namespace], int]]] = {
    "keygen": _keygen,
    "pack": _pack,
    "stage": _stage,
    "status": _status,
}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
