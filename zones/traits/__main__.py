"""`python -m zones.traits`: the commands about traits that need no kernel.

validate  say of each file whether it may be a trait, and if not, by which rule and in which line
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from Kernel.contract.errors import MoltError, Refused, UsageError
from zones.runtime.command_errors import tell_error
from zones.traits.screening import screen
from zones.traits.verdict import Verdict

STDIN: Final = "-"
FILE_RULE: Final = "file"
"""The rule of what could not be read at all."""
READ_BYTES_MAX: Final = 16 * 1024 * 1024
EXIT_INTERRUPTED: Final = 130


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Complain in our form; argparse would print usage and leave by itself."""
        raise UsageError(f"cannot read the command line: {message}", f"{self.prog} --help")


@dataclass(frozen=True, slots=True)
class Judged:
    """One file and what is said of it."""

    file: str
    verdict: Verdict

    @property
    def unread(self) -> bool:
        """Whether there was nothing to judge."""
        return self.verdict.rule == FILE_RULE

    def fields(self) -> dict[str, Any]:
        """Return it as programs read it."""
        return {"file": self.file, **self.verdict.fields()}


def main(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    try:
        options = _parser().parse_args(arguments)
        code = _validate(options.files, options.json)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # The reader has seen enough; nothing is left to be flushed at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return EXIT_INTERRUPTED
    except MoltError as error:
        tell_error(error, None, "--json" in arguments)
        return error.exit_code


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="molt", description="commands about traits that need no kernel")
    commands = parser.add_subparsers(dest="command", required=True)
    validate = commands.add_parser(
        "validate",
        prog="molt validate",
        help="check whether files may be traits",
        epilog="Exits 0 when all are accepted, 5 when one is refused, 2 when one cannot be read.",
    )
    validate.add_argument("files", nargs="+", metavar="FILE", help="a trait; - reads stdin")
    # `molt --home DIR validate` says it; a verdict is the same in every home.
    validate.add_argument("--home", help=argparse.SUPPRESS)
    validate.add_argument("--json", action="store_true", help="one document on stdout")
    return parser


def _validate(files: Sequence[str], as_json: bool) -> int:
    judged: list[Judged] = []
    for file in files:
        judged.append(judge_file(file))
        if not as_json:
            _tell(judged[-1])
    if as_json:
        print(json.dumps(document(judged)))
    elif len(judged) > 1:
        unread = sum(each.unread for each in judged)
        refused = sum(not each.verdict.accepted for each in judged) - unread
        accepted = len(judged) - refused - unread
        told = f", {unread} could not be read" if unread else ""
        print(f"{len(judged)} files: {accepted} accepted, {refused} refused{told}")
    if any(each.unread for each in judged):
        return UsageError.exit_code
    return 0 if all(each.verdict.accepted for each in judged) else Refused.exit_code


def document(judged: Sequence[Judged]) -> dict[str, Any]:
    """Return all verdicts as one document; of one file it carries them at its top as well."""
    rows = [each.fields() for each in judged]
    return {**(rows[0] if len(rows) == 1 else {}), "verdicts": rows}


def judge_file(file: str) -> Judged:
    """Return the verdict on a file.

    Raises:
        MoltError: the machine has no room for the process that judges.
    """
    try:
        data = _read(file)
    except OSError as error:
        reason = f"cannot read {file}: {error.strerror}"
        return Judged(file, Verdict(False, FILE_RULE, 0, reason))
    try:
        return Judged(file, screen(data))
    except OSError as error:
        raise MoltError(f"cannot judge {file}: {error.strerror}", "ulimit -u") from error


def reasons(verdict: Verdict) -> list[tuple[str, str]]:
    """Return why an accepted trait is not native, or its state not kept; what is said once."""
    interpreted, volatile = verdict.why_interpreted, verdict.why_volatile
    if interpreted and interpreted == volatile:
        return [("interpreted, volatile", interpreted)]
    return [
        (what, why) for what, why in (("interpreted", interpreted), ("volatile", volatile)) if why
    ]


def _read(file: str) -> bytes:
    """Return the bytes of a file, or so many that the gate sees that they are too many.

    Up to READ_BYTES_MAX it is told how many they are.
    """
    if file == STDIN:
        return sys.stdin.buffer.read(READ_BYTES_MAX)
    with open(file, "rb") as source:
        return source.read(READ_BYTES_MAX)


def _tell(judged: Judged) -> None:
    verdict = judged.verdict
    if judged.unread:
        print(verdict.reason, file=sys.stderr, flush=True)
        return
    if verdict.accepted:
        words = [f"accepted: {verdict.name}", verdict.tier, f"state {verdict.state}"]
        if verdict.memory:
            words[-1] += f" ({verdict.memory} of the trait memory)"
        print(f"{judged.file}: {', '.join(words)}")
        for what, why in reasons(verdict):
            print(f"  {what}: {why}")
        return
    place = f"{judged.file}:{verdict.line}" if verdict.line else judged.file
    print(f"{place}: refused by rule {verdict.rule}: {verdict.reason}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
