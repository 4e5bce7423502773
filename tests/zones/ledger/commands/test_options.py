"""What all commands of the ledger share: errors for programs, hints about their home."""

import argparse
import importlib
import json
import shlex
from pathlib import Path

import pytest

from Kernel.console.command_types import Command, Kind
from Kernel.console.commands import BY_NAME
from Kernel.console.ledger_commands import OWN_FAMILIES
from Kernel.contract.kinds import FAMILIES, check_free_kind
from zones.ledger.__main__ import COMMANDS, main
from zones.ledger.commands.emit import parse_fields
from zones.ledger.commands.events import span_query
from zones.runtime.command_errors import CHECKOUT, pasteable
from zones.runtime.ledger_filters import parse_filters
from zones.runtime.ledger_search import Query

WORDS = {
    "conversations": ("a", "b"),
    "decisions": ("a",),
    "emit": ("build.done",),
    "export": ("x.jsonl",),
    "history": ("a",),
    "rolled-back": ("a",),
    "sql": ("SELECT 1",),
    "why": ("1",),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_home_without_a_ledger(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each leaves with 69, tells it in the one documented form, and names the home in its hint."""
    assert main([name, *WORDS.get(name, ()), "--home", str(tmp_path), "--json"]) == 69
    said = capsys.readouterr()
    error = json.loads(said.out)["error"]
    assert set(error) == {"code", "message", "hint"} and error["code"] == 69
    assert error["hint"] == f"python manifest.py --home {tmp_path}"
    assert error["message"] in said.err


@pytest.mark.parametrize(("name", "missing"), [("export", "FILE|FOLDER"), ("emit", "KIND")])
def test_what_is_missing(
    name: str, missing: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only words that are required are named as missing; so is the home."""
    assert main([name, "--home", str(tmp_path)]) == 2
    assert f"line: {missing} is missing\n" in capsys.readouterr().err
    assert main(["events"]) == 2
    assert "--home DIR is missing" in capsys.readouterr().err


def test_hints_name_a_home_only_where_they_must(monkeypatch: pytest.MonkeyPatch) -> None:
    """Molt finds MOLT_HOME or the checkout by itself, the kernel only the checkout."""
    monkeypatch.delenv("MOLT_HOME", raising=False)
    assert pasteable("molt verify", CHECKOUT) == "molt verify"
    assert pasteable("molt verify", Path("/w o")) == "molt --home '/w o' verify"
    assert pasteable("molt verify", None) == "molt verify"
    monkeypatch.setenv("MOLT_HOME", "/world")
    assert pasteable("molt verify", Path("/world")) == "molt verify"
    assert pasteable("python manifest.py", Path("/world")) == "python manifest.py --home /world"


class Parsers:
    """Takes the parsers of a module's commands."""

    def __init__(self, module: str) -> None:
        self.found: dict[str, argparse.ArgumentParser] = {}
        importlib.import_module(f"zones.ledger.commands.{module}").add(self)

    def add_parser(self, name: str, *, help: str) -> argparse.ArgumentParser:
        """Make one."""
        parser = self.found[name] = argparse.ArgumentParser(prog=name, description=help)
        return parser


def told(command: Command) -> list[tuple[object, ...]]:
    """Return each argument as the table, and so every document, tells it."""
    return [
        (
            tuple(filter(None, (each.short, each.option))),
            each.kind is Kind.FLAG,
            each.required,
            each.choices,
        )
        for each in sorted(command.arguments, key=lambda each: each.option)
    ]


def taken(actions: list[argparse.Action]) -> list[tuple[object, ...]]:
    """Return the same of what a parser takes."""
    return [
        (
            tuple(each.option_strings),
            each.nargs == 0,
            not each.option_strings and each.nargs is None,
            tuple(each.choices or ()),
        )
        for each in sorted(actions, key=lambda each: "".join(each.option_strings[-1:]))
    ]


@pytest.mark.parametrize(("name", "module"), COMMANDS.items())
def test_documents_tell_what_the_parser_takes(name: str, module: str) -> None:
    """Names, order of places, choices, what is required, and the words of help are the same."""
    parser = Parsers(module).found[name]
    ours = {"help", "home", "json"}
    actions = [each for each in parser._actions if each.dest not in ours]
    command = BY_NAME[name]
    assert told(command) == taken(actions)
    words = {each.option or each.metavar: (each.metavar, each.help) for each in command.arguments}
    for each in actions:
        metavar, help = words[each.option_strings[-1] if each.option_strings else str(each.metavar)]
        assert each.metavar in (None, metavar)
        assert name == "conversations" or each.help == help


EXAMPLES = [line for name in COMMANDS for line in BY_NAME[name].examples]


@pytest.mark.parametrize("line", EXAMPLES)
def test_every_example_can_be_typed(line: str) -> None:
    """What help shows is taken as it stands: words, filters, points in time, kinds."""
    _, name, *words = shlex.split(line)
    options = Parsers(COMMANDS[name]).found[name].parse_intermixed_args(words)
    parse_filters(getattr(options, "filters", []))
    span_query(getattr(options, "since", None), getattr(options, "until", None), Query())
    if name == "emit":
        check_free_kind(options.kind)
        parse_fields(options.fields)


def test_help_of_emit_names_all_families_of_molt() -> None:
    """The list is written out by hand, for speed."""
    assert set(OWN_FAMILIES) == FAMILIES and list(OWN_FAMILIES) == sorted(OWN_FAMILIES)
