"""The rows of the command table for commands that read the ledger; they need no kernel.

Owns: these rows, all of Place.TOOL. Does not own: the table (`commands.py`), what they do
(`zones/ledger/commands`, `zones/world/replay.py`). Pure data, standard library only.
"""

from Kernel.console.command_groups import LEDGER
from Kernel.console.command_types import Command, Place, Suggest

_HOME_AND_JSON = (("--home", None), ("--json", None))


def _row(
    name: str,
    summary: str,
    examples: tuple[str, ...],
    details: str,
    options: tuple[tuple[str, Suggest | None], ...] = (),
    words: Suggest | None = None,
) -> Command:
    return Command(
        name,
        LEDGER,
        summary,
        examples,
        details=details,
        place=Place.TOOL,
        runs=("zones.ledger", name),
        about_home=True,
        tool_options=(*options, *_HOME_AND_JSON),
        tool_words=words,
    )


_SPAN = (("--since", None), ("--until", None))

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
        (*_SPAN, ("--last", None), ("--follow", None), ("--no-index", None)),
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
        (("--effects", None),),
    ),
    _row(
        "decisions",
        "List every decision of one agent in a time span",
        ("molt decisions coder-1", "molt decisions coder --since 2h", "molt decisions 'c*' --json"),
        "AGENT is an id, a pattern of ids, or a role: architect, coder, reviewer, operator, "
        "watcher,\nhistorian, patcher, orchestrator. --json: agent, decisions (events).",
        _SPAN,
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
        _SPAN,
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
        (("--of", None), *_SPAN),
    ),
    _row(
        "rolled-back",
        "List every file one persona modified that led to a rollback",
        ("molt rolled-back coder", "molt rolled-back coder-1 --json"),
        "A rollback names the change or its mutation, or the change is among its recorded causes "
        "(how).\n--json: persona, files [{file, agent, mutation, how, modified, rolled_back}].",
    ),
    _row(
        "history",
        "List all events about one mutation, trait, plan, mission or lesson",
        ("molt history M-0143", "molt history forage --json"),
        "Oldest first. --json: id, events.",
    ),
    Command(
        "verify",
        LEDGER,
        "Walk the chain of the ledger: is every event the one that was appended?",
        ("molt verify", "molt verify --from 1000 --to 2000", "molt verify --json"),
        details="Needs no kernel, and may run beside one. Exits 0 when the ledger is whole, 1 when "
        "an event is changed or\nlost: the first such position is named, and the walk goes on "
        "behind it; 69 when there is no ledger.",
        place=Place.TOOL,
        runs=("zones.ledger", "verify"),
        about_home=True,
        tool_options=(("--home", None), ("--from", None), ("--to", None), ("--json", None)),
    ),
    Command(
        "replay",
        LEDGER,
        "Prove the stored snapshots from an earlier one and the inputs of the log",
        ("molt replay", "molt replay --to-tick 184500", "molt replay --from-tick 184200 --json"),
        details="Computes every tick again, compares the hash of each snapshot on the way, and the "
        "telemetry.\nNeeds no kernel and changes nothing. Exits 0 when all is as stored, 1 when "
        "something differs,\n5 when log and snapshots do not lead to that tick, 69 when there is "
        "no snapshot.\nWhat stands after 'replay' goes to python -m zones.world replay as it is.",
        place=Place.TOOL,
        runs=("zones.world", "replay"),
        about_home=True,
        tool_options=(
            ("--home", None),
            ("--to-tick", None),
            ("--from-tick", None),
            ("--threads", None),
            ("--json", None),
        ),
    ),
    Command(
        "lessons",
        LEDGER,
        "Have we tried this before? The nearest lessons, with how they ended",
        (
            "molt lessons",
            "molt lessons 'the population starves at night'",
            "molt lessons L-84833a435a --json",
            "molt lessons --status",
        ),
        details="Needs no kernel. Without words, the lessons learned last. Texts are compared by "
        "their words; by their\nmeaning too, once 'make memory' in the checkout has installed the "
        "sentence model (90 MB):\n--status says which model is in use, and why. The events a "
        "lesson came from are told with\nids that 'molt why' takes. Exits 0, also when nothing "
        "is found; 69 when there is no ledger.",
        place=Place.TOOL,
        runs=("zones.ledger", "lessons"),
        about_home=True,
        tool_options=(("--home", None), ("--limit", None), ("--status", None), ("--json", None)),
    ),
    _row(
        "emit",
        "Write an event of your own into the ledger",
        (
            "molt emit build.finished ok=true seconds=41.5",
            "molt emit note.made 'text=the third run is the good one' --agent anna",
            "molt emit build.failed --level error --json",
        ),
        "KIND is words with dots, in a family that molt does not use itself. A value is JSON where "
        "it reads as\nJSON, else a text; what looks like a credential is taken out. Prints the "
        "event's id and position. While\nnobody answers at run/scribe.sock it waits in data/ahead, "
        "and the next 'molt emit' sends it first.\n--json: id, position (null while it waits), "
        "waits. Exits 5 when it is refused, 1 when it cannot be kept.",
        (("--agent", None), ("--cause", None), ("--level", None)),
    ),
    _row(
        "sql",
        "Ask the recorded events in SQL, read-only",
        (
            "molt sql 'SELECT kind, count(*) FROM events GROUP BY 1'",
            "molt sql 'DESCRIBE events'",
            "molt sql \"FROM events SELECT tick, payload->>'fault'\" --json",
        ),
        "Needs no kernel, and DuckDB: pip install 'molt[science]'. One row of 'events' is one "
        "event; its payload\nis JSON. The first query makes data/ledger/events.duckdb, later "
        "ones add what is new; it may be deleted.\nA query reads this table and nothing else: "
        "files, network and settings are locked. It ends after --time\n(60 s), at 1 GB of memory, "
        "and its answer at --rows (10000). Exits 2 for a fault in the SQL, 5 for what\nit may not "
        "do, 69 when there is no ledger.",
        (("--rows", None), ("--time", None), ("--past-damage", None)),
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
        "--format does; a folder\ngets Parquet in parts. Filters and --since are those of "
        "'molt events'; --kind takes a kind and those\nbelow it. Parquet needs DuckDB: pip install "
        "'molt[science]'. Protobuf is SwarmEvent, each with its length\nbefore it "
        "(zones/ledger/exports/swarm_event.proto). The file appears when it is whole. One that is "
        "there\nis kept, and the command exits 5, unless --force is given; 69 when there is no "
        "ledger.",
        (
            ("--since", None),
            ("--until", None),
            ("--kind", None),
            ("--format", None),
            ("--past-damage", None),
            ("--force", None),
        ),
    ),
)
