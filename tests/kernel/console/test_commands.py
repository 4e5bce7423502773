"""The table: complete, consistent, and the same in help, on the wire and on the command line."""

import re
import shlex
import subprocess
import sys

import pytest

from Kernel import config_keys
from Kernel.console import cli, trait_table
from Kernel.console.cli import EXIT_INTERRUPTED
from Kernel.console.command_types import Command, Kind, Place
from Kernel.console.commands import (
    BY_NAME,
    COMMANDS,
    EVENTS_MAX,
    GROUPS,
    STEPS_MAX,
)
from Kernel.console.errand import EXIT_DEGRADED, EXIT_SAFE_MODE
from Kernel.console.exit_codes import EXIT_CODES
from Kernel.console.help import (
    command_text,
    exit_codes_text,
    find_commands,
    help_fields,
    help_text,
    usage,
)
from Kernel.console.here import HERE
from Kernel.console.plans import PLANS
from Kernel.console.render import SHOWN
from Kernel.console.trait_table import SOURCE_BYTES_MAX
from Kernel.contract import inputs
from Kernel.contract.errors import MoltError, UsageError
from Kernel.core import events, zone_wishes
from tests.kernel.console.fake_kernel import FakeKernel
from tests.structure.sources import ROOT
from zones.traits import contract
from zones.world.parameters import find_parameter
from zones.world.trial import job

ISSUE = (
    "status", "ps", "pause", "resume", "step", "params", "wait", "drill", "chaos",
    "soft-restart",
    "shutdown", "help", "world run", "top", "doctor world", "doctor cage", "kernel-events", "logs",
    "doctor", "memory",
    "completion", "go-back", "reload", "config", "verify", "lessons", "events", "why", "emit",
    "sql", "export",
    "decisions", "conversations", "relations", "rolled-back", "history", "replay",
    "safe-mode status", "safe-mode leave", "safe-mode enter",
    "validate", "try", "run", "trait add", "trait remove", "trait list",
    "mutations", "mutation", "diff", "blame", "agents", "trigger",
    "quarantine", "release",
    "update keygen", "update pack", "update stage", "update status", "update commit",
    "update rollback",
)  # fmt: skip
each_command = pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)


def test_has_just_these_commands() -> None:
    """The table has the commands of the issues so far and no other, each once."""
    assert sorted(command.name for command in COMMANDS) == sorted(ISSUE)
    assert len(BY_NAME) == len(COMMANDS)


def test_limits_are_those_of_the_contract() -> None:
    """A step that the console lets pass must be one that an input may carry."""
    assert STEPS_MAX == inputs.STEPS_MAX
    assert SOURCE_BYTES_MAX == contract.SOURCE_BYTES_MAX == config_keys.SOURCE_KB_MAX * 1024
    assert EVENTS_MAX == events.EVENTS_MAX == events.LINES_MAX
    assert trait_table.SEEDS_MAX == zone_wishes.SEEDS_MAX == job.SEEDS_MAX
    assert trait_table.SCALE_MAX == zone_wishes.SCALE_MAX == job.SCALE_MAX


@each_command
def test_rows_are_complete(command: Command) -> None:
    """Every command has summary, examples that call it, and a known group."""
    assert re.fullmatch(r"[a-z]+(-[a-z]+)?( [a-z]+)?", command.name)
    assert command.group in GROUPS
    assert command.summary and len(command.summary) <= 80 and command.summary[-1] != "."
    assert command.examples
    assert all(example.startswith(f"molt {command.name}") for example in command.examples)
    assert command.patience_s > 0
    assert command.acts or not command.destructive


@each_command
def test_arguments_are_complete(command: Command) -> None:
    """Every argument has help and a metavar, and required places come before optional ones."""
    names = [argument.name for argument in command.arguments]
    assert len(set(names)) == len(names)
    assert set(command.open_ended) <= set(names)
    places = [argument.required for argument in command.arguments if not argument.option]
    assert places == sorted(places, reverse=True)
    for argument in command.arguments:
        assert argument.help and argument.help[-1] != "."
        assert bool(argument.metavar) != (argument.kind is Kind.FLAG)
        assert bool(argument.choices) == (argument.kind is Kind.CHOICE)
        assert argument.low <= argument.high
        assert not argument.needs or argument.needs in names
        assert not argument.option or argument.option.startswith("--")


@each_command
def test_questions_can_be_asked(command: Command) -> None:
    """The question of a destructive command names what is given or has a default, and asks."""
    given = {
        argument.name: "X"
        for argument in command.arguments
        if argument.required
        or argument.default is not None
        or argument.name == command.destroys_with
    }
    question = command.question.format(**given)
    assert command.destructive == bool(question)
    assert not question or question.endswith("?")


@each_command
def test_kernel_commands_can_be_shown(command: Command) -> None:
    """Whatever the kernel answers has a form for people; lines have theirs one by one."""
    wants = command.place is Place.KERNEL and not command.lines
    assert (command.name in SHOWN) == (wants or command.name == "doctor")


@each_command
def test_a_tool_says_what_it_runs(command: Command) -> None:
    """A tool names a module and its words; nothing else does, and only a tool is told a home."""
    assert bool(command.runs) == (command.place is Place.TOOL)
    assert not command.runs or re.fullmatch(
        r"(zones|Kernel\.console|tools)\.[a-z_]+", command.runs[0]
    )
    assert not command.about_home or command.place is Place.TOOL


@each_command
def test_help_knows_the_command(command: Command) -> None:
    """Help lists every command, and its page holds the examples and every argument."""
    assert command.summary in " ".join(help_text().split())
    page = help_text(command.name)
    flat = " ".join(page.split())
    assert usage(command) in flat
    assert all(example in page for example in command.examples)
    assert all(argument.help in flat for argument in command.takes)
    assert ("--yes" in page) == (command.destructive or "--yes" in " ".join(command.examples))
    has_dry_run = any(each.name == "dry_run" for each in command.takes)
    assert ("--dry-run" in page) == (has_dry_run or ("--dry-run", None) in command.tool_options)


def test_help_fits_a_terminal_of_80() -> None:
    """No line of any help page is longer than 80 characters."""
    pages = (help_text(), exit_codes_text(), *(command_text(command) for command in COMMANDS))
    for page in pages:
        assert max(map(len, page.splitlines())) <= 80


def test_every_error_has_its_exit_code_in_the_table() -> None:
    """No error of the tree leaves with a code that `molt help exit-codes` does not know."""
    known = [each.code for each in EXIT_CODES]
    assert known == sorted(set(known))
    kinds = [MoltError, *subclasses(MoltError)]
    assert {kind.exit_code for kind in kinds} <= set(known)
    for code in (EXIT_INTERRUPTED, EXIT_DEGRADED, EXIT_SAFE_MODE, 0):
        assert code in known


def subclasses(kind: type) -> list[type]:
    """Return all classes below one."""
    return [each for below in kind.__subclasses__() for each in (below, *subclasses(below))]


def test_each_destructive_command_has_a_plan() -> None:
    """What can be destroyed can be asked about: --dry-run has an answer for each, and no other."""
    assert set(PLANS) == {command.name for command in COMMANDS if command.destructive}


def test_each_command_of_the_command_line_has_a_function() -> None:
    """A row that the command line carries out itself has its function."""
    assert set(HERE) == {command.name for command in COMMANDS if command.place is Place.HERE}


@pytest.mark.slow
@pytest.mark.parametrize("command", [c for c in COMMANDS if c.runs], ids=lambda c: c.name)
def test_options_of_a_tool_are_its_own(command: Command) -> None:
    """What completion offers for a tool is what the tool says it takes."""
    said = subprocess.run(
        [sys.executable, "-m", *command.runs, "--help"],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=True,
    ).stdout  # fmt: skip
    taken = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", said)) - {"--help"}
    assert {option for option, _ in command.tool_options} == taken


def test_help_searches_for_words() -> None:
    """A word that is no command finds those that mention it; one that nobody uses is refused."""
    assert {"pause", "wait"} <= {command.name for command in find_commands("tick")}
    assert "status" not in {command.name for command in find_commands("sigsegv")}
    assert help_text("tick").startswith("commands that mention 'tick'\n")
    assert help_text("sigsegv").startswith("commands that mention 'sigsegv': only this one\n")
    for words in ("drill", "pause", "status", "ledger", "Ledger"):
        assert "mention" not in help_text(words)
    with pytest.raises(UsageError, match="'zzz': no such command, and none mentions it"):
        find_commands("zzz")
    with pytest.raises(UsageError, match="did you mean 'status'"):
        find_commands("statsu")


def test_help_knows_the_groups() -> None:
    """The name of a group lists the commands in it, and no other."""
    assert {each.name for each in find_commands("ledger")} == {
        each.name for each in COMMANDS if each.group == "Ledger"
    }


def test_help_data_mirrors_the_table() -> None:
    """`help --json` carries every command with the arguments of the table."""
    fields = help_fields(None)["commands"]
    assert isinstance(fields, list)
    assert [row["name"] for row in fields] == [command.name for command in COMMANDS]
    for row, command in zip(fields, COMMANDS, strict=True):
        assert [a["name"] for a in row["arguments"]] == [a.name for a in command.takes]
        assert row["destructive"] == command.destructive


def test_examples_name_parameters_of_the_world() -> None:
    """Every example of `params` is about a parameter that exists, and sets what it takes."""
    for example in BY_NAME["params"].examples:
        match shlex.split(example)[2:4]:
            case [key, value]:
                find_parameter(key).check(float(value))
            case [key]:
                find_parameter(key)


def test_examples_work_as_they_stand(
    kernel: FakeKernel, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every example that asks the kernel is understood by both sides and answered."""
    for command in COMMANDS:
        if command.place is Place.TOOL:
            continue
        for example in command.examples:
            words = shlex.split(example.partition("||")[0])[1:]
            if words == ["shutdown"] or {"-w", "--yes"} & set(words[1:]):
                continue  # one ends the fake kernel, one never ends
            if command.name == "wait":
                words += ["--timeout", "10ms"]
            asking = [] if "--yes" in words or not command.destructive else ["--yes"]
            code = cli.main(["--home", str(kernel.home), *words, *asking])
            said = capsys.readouterr()
            fine = {"wait": (0, 124), "doctor": (0, 1), "reload": (0, 5)}.get(command.name, (0, 3))
            assert code in fine, (example, said.err)
            assert said.out or code == 124, example
