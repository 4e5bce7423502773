"""The rows of the command table for commands that read the ledger; they need no kernel.

Owns: these rows, all of Place.TOOL. Does not own: the table (`commands.py`), what they do
(`zones/ledger/commands`, `zones/world/replay.py`). Pure data, standard library only.
"""

from Kernel.console.command_groups import LEDGER
from Kernel.console.command_types import Argument, Command, Kind, Place, Suggest
from Kernel.contract.event_filter import LEVELS

_HOME_AND_JSON = (("--home", None), ("--json", None))


def _row(
    name: str,
    summary: str,
    examples: tuple[str, ...],
    details: str,
    arguments: tuple[Argument, ...] = (),
    words: Suggest | None = None,
    service: str = "zones.ledger",
) -> Command:
    return Command(
        name,
        LEDGER,
        summary,
        examples,
        arguments,
        details=details,
        place=Place.TOOL,
        runs=(service, name),
        about_home=True,
        tool_options=(*((each.option, None) for each in arguments if each.option), *_HOME_AND_JSON),
        tool_words=words,
    )


def _word(name: str, metavar: str, help: str, required: bool = True) -> Argument:
    return Argument(name, Kind.WORDS, help, metavar, required=required)


def _option(
    name: str, metavar: str, help: str, kind: Kind = Kind.WORDS, choices: tuple[str, ...] = ()
) -> Argument:
    option = "--" + name.replace("_", "-")
    return Argument(name, kind, help, metavar, option, choices=choices)


def _flag(name: str, help: str, short: str = "") -> Argument:
    option = "--" + name.replace("_", "-")
    return Argument(name, Kind.FLAG, help, option=option, short=short)


_SINCE = _option("since", "WHEN", "5m (ago), tick:N, #POSITION or a date", Kind.SINCE)
_UNTIL = _option("until", "WHEN", "the same, not behind it", Kind.SINCE)
_SPAN = (_SINCE, _UNTIL)
_PAST_DAMAGE = _flag("past_damage", "leave out what cannot be read, and say so")
_FILTERS = Argument("filters", Kind.FILTERS, "only such events", "FIELD=VALUE")
_PERSONA = "an id, a pattern of ids, or a role"
_OF = ("modified", "depends_on", "triggered", "rolled_back", "talked_to")
_SCIENCE = ".venv/bin/python -m pip install -e '.[science]' in the checkout"
OWN_FAMILIES = (
    "agent", "archive", "arena", "boot", "call", "command", "config", "console", "drill",
    "evolution", "feed", "generation", "governor", "guard", "input", "kernel", "lesson", "memory",
    "mission", "molt", "mutation", "note", "request", "scenario", "slot", "snapshot", "stop",
    "telemetry", "trait", "trial", "update", "world", "zone", "zygote",
)  # fmt: skip
"""First words of molt's own kinds. Written out: the table of kinds takes long to import."""

LEDGER_COMMANDS: tuple[Command, ...] = (
    _row(
        "events",
        "Show what happened, from the ledger, and follow it live",
        (
            "molt events",
            "molt events -f",
            "molt events zone=stable 'kind=zone.*' --since 5m",
            "molt events 'level!=info' --since 2026-11-27T20:15 --last 20",
            "molt events kind=input.applied --since tick:184000 --json",
        ),
        "FIELD=VALUE or FIELD!=VALUE keeps events by kind, zone, tick, level, agent, role, cause, "
        "trace, id,\nposition, or a value of the payload (why=..., payload.input.kind=world.*). * "
        "stands for anything;\ntick=100..200 is a span. All must hold. --since and --until take "
        "5m (ago), tick:N, #POSITION or a\ndate. Without --since the newest 50 are shown, "
        "--last N: so many. --json: one document with\nevents and newest; with -f one line for "
        "each. Needs no kernel; while the archive is away, what\nhappens now is in 'molt "
        "kernel-events' only.",
        (
            _FILTERS,
            *_SPAN,
            _option("last", "N", "the newest so many (50, without --since)", Kind.INTEGER),
            _flag("follow", "go on with what comes", "-f"),
            _flag("no_index", "read every event of the log"),
        ),
        Suggest.EVENT_FILTER,
    ),
    _row(
        "why",
        "Show what an event was caused by, back to the root",
        ("molt why 1204", "molt why 0193f2c4", "molt why M-0143 --effects", "molt why 1204 --json"),
        "ID is an event's id or its beginning, its position, or a mutation, plan, mission, trait "
        "or lesson:\nthen the newest event about it. Only causes that a sender recorded count. "
        "--effects: what came of\nit, too. --json: event, causes (the root last), root, complete, "
        "missing, circle, effects.",
        (
            _word("id", "ID", "an id or its beginning, a position, a mutation"),
            _flag("effects", "what came of it, too"),
        ),
    ),
    _row(
        "decisions",
        "List every decision of one agent in a time span",
        ("molt decisions coder-1", "molt decisions coder --since 2h", "molt decisions 'c*' --json"),
        "AGENT is an id, a pattern of ids, or a role: architect, coder, reviewer, operator, "
        "watcher,\nhistorian, patcher, orchestrator. --json: agent, decisions (events).",
        (_word("agent", "AGENT", _PERSONA), *_SPAN),
    ),
    _row(
        "conversations",
        "List what two agents said to each other, about a subject or at all",
        (
            "molt conversations architect-1 coder-1",
            "molt conversations architect-1 coder-1 'food density' --since 1h --until 10m",
        ),
        "Both ways, oldest first; of the subject a part is enough. --json: between, subject, "
        "messages (events).",
        (
            _word("one", "AGENT", "the id of one"),
            _word("other", "AGENT", "the id of the other"),
            _word("subject", "SUBJECT", "a part of what it was about", required=False),
            *_SPAN,
        ),
    ),
    _row(
        "relations",
        "List who modified what, what depends on what, who talked to whom",
        (
            "molt relations",
            "molt relations mutations/forage.py",
            "molt relations coder-1 --of modified",
            "molt relations --of rolled_back --json",
        ),
        "Relations: modified (agent to file), depends_on (file to file), triggered (mission to "
        "agent),\nrolled_back (event to event or mutation), talked_to (agent to agent). THING is "
        "either end, or what it\nis about. --json: relations [{relation, from, to, about, role, "
        "position, id}].",
        (
            _word("thing", "THING", "either end, or what it is about", required=False),
            _option("of", "RELATION", "only this one; may stand more than once", Kind.CHOICE, _OF),
            *_SPAN,
        ),
    ),
    _row(
        "rolled-back",
        "List every file one persona modified that led to a rollback",
        ("molt rolled-back coder", "molt rolled-back coder-1 --json"),
        "A rollback names the change or its mutation, or the change is among its recorded causes "
        "(how).\n--json: persona, files [{file, agent, mutation, how, modified, rolled_back}].",
        (_word("persona", "AGENT", _PERSONA),),
    ),
    _row(
        "history",
        "List all events about one mutation, trait, plan, mission or lesson",
        ("molt history M-0143", "molt history forage --json"),
        "Oldest first. Exits 0, also when nothing names it. --json: id, events.",
        (_word("id", "ID", "of a mutation, trait, plan, mission or lesson"),),
    ),
    _row(
        "verify",
        "Walk the chain of the ledger: is every event the one that was appended?",
        ("molt verify", "molt verify --from 1000 --to 2000", "molt verify --json"),
        "Needs no kernel, and may run beside one. Exits 0 when the ledger is whole, 1 when "
        "an event is changed or\nlost: the first such position is named, and the walk goes on "
        "behind it; 5 when nothing is\nthere to be checked, 69 when there is no ledger.",
        (
            _option("from", "POSITION", "the first event to check", Kind.INTEGER),
            _option("to", "POSITION", "the last one", Kind.INTEGER),
        ),
    ),
    _row(
        "replay",
        "Prove the stored snapshots from an earlier one and the inputs of the log",
        ("molt replay", "molt replay --to-tick 184500", "molt replay --from-tick 184200 --json"),
        "Computes every tick again, compares the hash of each snapshot on the way, and the "
        "telemetry.\nNeeds no kernel and changes nothing. Exits 0 when all is as stored, 1 when "
        "something differs,\n5 when log and snapshots do not lead to that tick or nothing that is "
        "stored lies on the way,\n69 when there is no snapshot.\n"
        "What stands after 'replay' goes to python -m zones.world replay as it is.",
        (
            _option("to_tick", "N", "how far (default: the newest snapshot)", Kind.INTEGER),
            _option("from_tick", "N", "of the snapshot to begin from (the oldest)", Kind.INTEGER),
            _option(
                "threads",
                "N",
                "threads of the parallel phases (default 1); they change the speed and no result",
                Kind.INTEGER,
            ),
        ),
        service="zones.world",
    ),
    _row(
        "lessons",
        "Have we tried this before? The nearest lessons, with how they ended",
        (
            "molt lessons",
            "molt lessons 'the population starves at night'",
            "molt lessons L-84833a435a --json",
            "molt lessons --status",
        ),
        "Needs no kernel. Without words, the lessons learned last. Texts are compared by "
        "their words; by their\nmeaning too, once 'make memory' in the checkout has installed the "
        "sentence model (87 MB):\n--status says which model is in use, and why. The events a "
        "lesson came from are told with\nids that 'molt why' takes. Exits 0, also when nothing "
        "is found; 69 when there is no ledger.",
        (
            _word("query", "QUERY", "any words, or a lesson's id", required=False),
            _option("limit", "N", "at most so many (5)", Kind.INTEGER),
            _flag("status", "what is there, and which model"),
        ),
    ),
    _row(
        "emit",
        "Write an event of your own into the ledger",
        (
            "molt emit build.finished ok=true seconds=41.5",
            "molt emit lab.made 'text=the third run is the good one' --agent anna",
            "molt emit build.failed --level error --json",
        ),
        "KIND is a word of a-z, 0-9 and _, or several with dots between. Its first is none of "
        f"molt's own:\n{', '.join(OWN_FAMILIES)}.\nA value is JSON where it reads as JSON, else a "
        "text; what looks like a credential is taken out. Prints the id and position. While "
        "nobody answers at run/scribe.sock it waits in data/ahead, until the next 'molt emit' "
        "sends it or the\narchive finds it; what is refused only then is told and kept, with the "
        "reason, in data/ahead/scribe.refused. --json: id, position (null while it waits), waits, "
        "refused (how many of those). Exits 5 when it is refused, 1 when it cannot be kept, 69 "
        "when no kernel has ever run there.",
        (
            _word("kind", "KIND", "what happened, such as build.finished"),
            Argument("fields", Kind.FILTERS, "of its payload", "FIELD=VALUE"),
            _option("cause", "ID", "the event that led to it, as molt why takes it"),
            _option("agent", "NAME", "who writes it"),
            _option("level", "LEVEL", "how much it matters", Kind.CHOICE, LEVELS),
        ),
    ),
    _row(
        "sql",
        "Ask the recorded events in SQL, read-only",
        (
            "molt sql 'SELECT kind, count(*) FROM events GROUP BY 1'",
            "molt sql 'DESCRIBE events'",
            "molt sql \"FROM events SELECT tick, payload->>'fault'\" --json",
        ),
        f"Needs no kernel, and DuckDB: {_SCIENCE}. One row of 'events' is one "
        "event; its payload is JSON. From 5000 events on, the first query makes "
        "data/ledger/events.duckdb, and later ones add what is new; it may be deleted. "
        "A query reads this table and nothing else: files, network and settings are locked. "
        "It ends after --time (60 s; making that table does not count), at 1 GB of memory, and "
        "its answer at --rows (10000). "
        "Exits 2 for a fault in the SQL, 5 for what it may not do, 69 when there is no ledger.",
        (
            _word("query", "QUERY", "one SELECT over the table events"),
            _option("rows", "N", "at most so many (10000)", Kind.INTEGER),
            _option("time", "DURATION", "end it after so long (1m)", Kind.DURATION),
            _PAST_DAMAGE,
        ),
    ),
    _row(
        "export",
        "Write recorded events into a file: Parquet, lines of JSON, or protobuf",
        (
            "molt export events.parquet",
            "molt export parts/ --since 7d",
            "molt export drills.jsonl 'kind=drill.*' --force",
            "molt export swarm.pb --kind agent",
        ),
        "Needs no kernel. The name's ending says the form (.parquet, .jsonl, .pb), or "
        "--format does; a folder gets Parquet in parts. Filters and --since are those of "
        f"'molt events'; --kind takes a kind and those below it. Parquet needs DuckDB: {_SCIENCE}; "
        "it is read with duckdb.read_parquet (pandas.read_parquet needs pyarrow besides). Protobuf "
        "is SwarmEvent, each with its length before it (zones/ledger/exports/swarm_event.proto). "
        "The file appears when it is whole. One that is there is kept, and the command exits 5, "
        "unless --force is given; 69 when there is no ledger.",
        (
            _word("target", "FILE|FOLDER", "where to; a folder ends with '/'"),
            _FILTERS,
            *_SPAN,
            _option("kind", "KIND", "only these kinds, and those below them"),
            _option("format", "FORM", "of the file", Kind.CHOICE, ("parquet", "jsonl", "protobuf")),
            _PAST_DAMAGE,
            _flag("force", "replace what is there"),
        ),
    ),
)
