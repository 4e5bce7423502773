"""What a row of the command table is made of: commands, their arguments, kinds of values.

Owns: the form of a row. Does not own: the rows (`commands.py`). Pure data, standard library only.
"""

from dataclasses import dataclass
from enum import StrEnum

TICK_MAX = 2**62


class Place(StrEnum):
    """Who carries a command out."""

    KERNEL = "kernel"
    """The kernel, asked over its socket."""
    TOOL = "tool"
    """A module with a command line of its own, `python -m zones.<service>` as a rule, started by
    name (`Command.runs`); needs no kernel to be started."""
    LOCAL = "local"
    """Whoever is asked, from this table alone."""
    HERE = "here"
    """The command line itself, on its own machine; needs no kernel."""


class Kind(StrEnum):
    """What the value of an argument is."""

    INTEGER = "integer"
    NUMBER = "number"
    NAME = "name"
    CLASS_NAME = "class name"
    """The name of a class as Python reads it: any letters, and _ at the front, too."""
    CHOICE = "choice"
    DURATION = "duration"
    EXPRESSION = "expression"
    WORDS = "words"
    FILTERS = "filters"
    """Words of the form FIELD=VALUE; a list of them in a request."""
    STRINGS = "strings"
    """Any words; a list of them in a request."""
    LABEL = "label"
    """A text in one line."""
    SINCE = "since"
    """A point in time: 5m, tick:184500 or #17."""
    FLAG = "flag"
    FILE = "file"
    """A file on the command line; in a request what is in it, as base64: a program may be any bytes
    in no encoding, and must arrive as they are."""


class Suggest(StrEnum):
    """Where completion finds what a word may be, besides the table."""

    ZONE = "zone"
    PARAMETER = "parameter"
    TRAIT = "trait"
    QUARANTINED = "quarantined"
    SCENARIO = "scenario"
    COMMAND = "command"
    EVENT_FILTER = "event filter"
    FILE = "file"
    """The shell knows them; at our prompt, `repl.py` does."""


@dataclass(frozen=True, slots=True)
class Argument:
    """One thing a command takes.

    Args:
        name: its key in the "args" of a request.
        kind: what its value is.
        help: one line that says what it does.
        metavar: how the value is shown in usage lines.
        option: the command line's word for it, such as "--at-tick"; "" when it goes by place.
        short: a shorter word for an option, such as "-f".
        required: the command makes no sense without it.
        unit: unit of the value, for help and errors.
        low, high: smallest and largest INTEGER or DURATION accepted, both allowed; of a FILE the
            most bytes.
        choices: the values of a CHOICE.
        default: what stands for it when it is left out; None: nothing does.
        needs: another argument without which this one makes no sense.
        client_only: it changes what the command line does and is never sent.
        suggest: where completion finds its values.
    """

    name: str
    kind: Kind
    help: str
    metavar: str = ""
    option: str = ""
    short: str = ""
    required: bool = False
    unit: str = ""
    low: int = 0
    high: int = TICK_MAX
    choices: tuple[str, ...] = ()
    default: int | float | str | None = None
    needs: str = ""
    client_only: bool = False
    suggest: Suggest | None = None


DRY_RUN = Argument(
    "dry_run",
    Kind.FLAG,
    "say what would happen, and do nothing",
    option="--dry-run",
)
"""Every destructive command takes it."""


@dataclass(frozen=True, slots=True)
class Command:
    """One command.

    Args:
        name: its words, one space between them.
        group: the heading it stands under in help.
        summary: one line, imperative, no full stop.
        examples: command lines that work as they stand.
        arguments: what it takes, in the order of places.
        details: what a user should know besides, or "".
        question: what to ask before doing it; not "" exactly when it is destructive. It then has
            --yes and --dry-run, too, and the kernel a plan of it (`plans.py`).
        destroys_with: an argument without which it only looks, and asks nothing; "": none.
        place: who carries it out.
        runs: of a TOOL: the module, and the words that follow it before all others.
        about_home: of a TOOL: it is about a home, so it is always told which; others are told only
            when --home was given, because they write there.
        patience_s: how long the command line waits for the answer, on top of a DURATION among
            the arguments, seconds.
        lines: the answer is a row of lines, which make one document under this key; "": it is
            one answer.
        tool_options: of a TOOL: its options, for completion, with where their values are found.
        tool_words: of a TOOL: what its words that are no options may be, for completion.
        acts: it changes something: it is recorded, and refused while the kernel is being stopped.
        open_ended: arguments with which the answer may come any time later, so that the command
            line waits as long as the kernel lives.
    """

    name: str
    group: str
    summary: str
    examples: tuple[str, ...]
    arguments: tuple[Argument, ...] = ()
    details: str = ""
    question: str = ""
    destroys_with: str = ""
    place: Place = Place.KERNEL
    runs: tuple[str, ...] = ()
    about_home: bool = False
    patience_s: float = 10.0
    lines: str = ""
    tool_options: tuple[tuple[str, Suggest | None], ...] = ()
    tool_words: Suggest | None = None
    open_ended: tuple[str, ...] = ()
    acts: bool = False

    @property
    def destructive(self) -> bool:
        """Whether the command line asks first, or demands --yes where it cannot ask."""
        return bool(self.question)

    @property
    def takes(self) -> tuple[Argument, ...]:
        """All arguments: those of the row, and what every destructive command has."""
        return (*self.arguments, DRY_RUN) if self.destructive else self.arguments
