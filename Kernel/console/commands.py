"""The one table of commands: the kernel's parser, the command line, help and completion read it.

Owns: what commands exist, what each takes, and what it is for. Does not own: the form of a row
(`command_types.py`), reading a request (`request.py`), the command line built from the table
(`tree.py`), nor what a command does (the kernel). Pure data, standard library only.
Model: redis `src/commands/*.json`.

A new row is all that help, completion, the man page and docs/commands.md need (write the last
two anew with `make commands`). A row of Place.KERNEL also wants a method of `Handlers` and a form
in `render.py`; a destructive one a plan in `plans.py`; one of Place.HERE a function in `here.py`.
Longer than a file should be because it is one table, read from top to bottom; the rows of the
ledger's commands are in `ledger_commands.py`, those of traits in `trait_table.py`, those about
mutations in `evolution_table.py`, those of module updates in `update_table.py`, those that break
something on purpose in `fault_table.py`.
"""

from Kernel.console.agent_table import AGENT_COMMANDS
from Kernel.console.call_table import RUN
from Kernel.console.command_groups import EVOLUTION, KERNEL, LEDGER, TRUST, WATCHING, WORLD
from Kernel.console.command_types import Argument, Command, Kind, Place, Suggest
from Kernel.console.evolution_table import EVOLUTION_COMMANDS
from Kernel.console.fault_table import FAULT_COMMANDS
from Kernel.console.ledger_commands import LEDGER_COMMANDS
from Kernel.console.trait_table import TRAIT_COMMANDS, TRY
from Kernel.console.update_table import UPDATE_COMMANDS

EVENTS_MAX = 4096
"""The most events, and lines of logs, the kernel keeps; as in `Kernel/core/events.py`."""
STEPS_MAX = 1_000_000
"""The most ticks one `step` may ask for; the same as `Kernel.contract.inputs.STEPS_MAX`."""


_WATCH = Argument(
    "watch",
    Kind.FLAG,
    "look again every second until Ctrl-C; with --json one line for each change",
    option="--watch",
    short="-w",
    client_only=True,
)
_FOLLOW = Argument(
    "follow",
    Kind.FLAG,
    "go on with what comes until Ctrl-C; with --json one line for each",
    option="--follow",
    short="-f",
)
_AT_TICK = Argument(
    "at_tick",
    Kind.INTEGER,
    "do it at the start of this tick, or of the next one if it is past",
    metavar="N",
    option="--at-tick",
    unit="tick",
)

GROUPS = (WATCHING, WORLD, EVOLUTION, LEDGER, TRUST, KERNEL)

COMMANDS: tuple[Command, ...] = (
    Command(
        "status",
        WATCHING,
        "Show kernel, zones and world at one glance",
        ("molt status", "molt status --json", "molt status --check || echo look", "molt status -w"),
        (
            Argument(
                "check",
                Kind.FLAG,
                "say health by the exit code: 3 degraded, 4 safe mode",
                option="--check",
                client_only=True,
            ),
            _WATCH,
        ),
        details="Missed are ticks committed more than a tick's time late, since the world was\n"
        "founded or restored. They were computed all the same: none is lost.",
    ),
    Command(
        "ps",
        WATCHING,
        "List the zones: state, process, restarts, load and what each is doing",
        ("molt ps", "molt ps --json", "molt ps -w"),
        (_WATCH,),
        details="Memory is what the active process has resident, with all it shares, beside what "
        "its zone may take.\nWhat counts for that limit is less: molt doctor cage shows it.",
    ),
    Command(
        "memory",
        WATCHING,
        "Show what the kernel remembers over its own restart",
        ("molt memory", "molt memory --json"),
        details="Restarts that the code of a zone has used up, what the last fault of a world "
        "speaks against,\nwhat does not work as it should, why traits are in quarantine. An "
        "orderly stop forgives the restarts;\na kernel that is killed leaves them to the next.",
    ),
    Command(
        "kernel-events",
        WATCHING,
        "Show what happened in the kernel, and follow it live",
        (
            "molt kernel-events",
            "molt kernel-events -f",
            "molt kernel-events zone=stable 'kind=zone.*' --since 5m",
            "molt kernel-events --since tick:184000 --json",
        ),
        (
            Argument(
                "filters",
                Kind.FILTERS,
                "only those whose field (kind, zone, tick, cause, or one of the payload) is VALUE; "
                "* stands for anything",
                metavar="FIELD=VALUE",
                suggest=Suggest.EVENT_FILTER,
            ),
            Argument(
                "since",
                Kind.SINCE,
                "from then on: 5m (ago), tick:N or #POSITION",
                metavar="WHEN",
                option="--since",
            ),
            Argument(
                "last",
                Kind.INTEGER,
                "the last so many; the default is 50, or all with --since",
                metavar="N",
                option="--last",
                unit="events",
                high=EVENTS_MAX,
            ),
            _FOLLOW,
        ),
        details="The kernel keeps its newest events in memory, at most 4096 of them; they end with "
        "it. Of what no\nlonger could be told, events.lost says how many there were.",
        lines="events",
        open_ended=("follow",),
    ),
    Command(
        "logs",
        WATCHING,
        "Show what the zones wrote on stderr, and the kernel's own log",
        ("molt logs", "molt logs stable -f", "molt logs archive --raw --last 20"),
        (
            Argument(
                "zone",
                Kind.NAME,
                "only lines of this zone; 'kernel' for the kernel's own",
                metavar="ZONE",
                suggest=Suggest.ZONE,
            ),
            Argument(
                "last",
                Kind.INTEGER,
                "the last so many lines",
                metavar="N",
                option="--last",
                unit="lines",
                high=EVENTS_MAX,
                default=50,
            ),
            _FOLLOW,
            Argument(
                "raw",
                Kind.FLAG,
                "only the lines as they were written",
                option="--raw",
                client_only=True,
            ),
        ),
        lines="lines",
        open_ended=("follow",),
    ),
    Command(
        "top",
        WATCHING,
        "Watch the living world, drawn in the terminal",
        ("molt top", "molt top --json", "molt top --help"),
        details="Reads the arena and costs the world nothing; --json prints one picture as data. "
        "Everything after\n'top' goes to python -m zones.client top as it stands.",
        place=Place.TOOL,
        runs=("zones.client", "top"),
        about_home=True,
        tool_options=(("--fps", None), ("--home", None), ("--json", None)),
    ),
    Command(
        "wait",
        WATCHING,
        "Wait until something is true",
        (
            "molt wait --for tick=184500 --timeout 60s",
            "molt wait --for 'population>400 and paused=false' --timeout 2m",
            "molt wait --for zone.stable=ready",
        ),
        (
            Argument(
                "for",
                Kind.EXPRESSION,
                "what to wait for: tick, population, lineages, epoch, paused or zone.NAME, "
                "joined by 'and'",
                metavar="EXPR",
                option="--for",
                required=True,
            ),
            Argument(
                "timeout_s",
                Kind.DURATION,
                "give up after this long: 500ms, 60s, 2m, or plain seconds",
                metavar="DURATION",
                option="--timeout",
                unit="s",
                high=7 * 86_400,
                default=60.0,
            ),
        ),
        details="tick=N means that tick N has been reached; lineages are counted every 300 ticks. "
        "Exits 124 when\ntime runs out.",
    ),
    Command(
        "pause",
        WORLD,
        "Hold the world after a tick is committed",
        ("molt pause", "molt pause --at-tick 184500"),
        (_AT_TICK,),
        details="Answers when the world stands still, with its tick and its hash.",
        open_ended=("at_tick",),
        acts=True,
    ),
    Command(
        "resume",
        WORLD,
        "Let a paused world go on",
        ("molt resume",),
        acts=True,
    ),
    Command(
        "step",
        WORLD,
        "Run a paused world for N ticks and hold it again",
        ("molt step", "molt step 60"),
        (
            Argument(
                "steps",
                Kind.INTEGER,
                "how many ticks",
                metavar="N",
                unit="ticks",
                low=1,
                high=STEPS_MAX,
                default=1,
            ),
        ),
        open_ended=("steps",),
        acts=True,
    ),
    Command(
        "params",
        WORLD,
        "List the world's parameters, show one, or set one",
        (
            "molt params",
            "molt params friction",
            "molt params friction 0.9",
            "molt params mutation 0.1 --at-tick 184500",
        ),
        (
            Argument(
                "key",
                Kind.NAME,
                "the parameter",
                metavar="KEY",
                suggest=Suggest.PARAMETER,
            ),
            Argument("value", Kind.NUMBER, "its new value", metavar="VALUE", needs="key"),
            Argument(
                "at_tick",
                Kind.INTEGER,
                "set it at the start of this tick, or of the next one if it is past",
                metavar="N",
                option="--at-tick",
                unit="tick",
                needs="value",
            ),
        ),
        details="While the world is paused a change is pending; it is applied by the next tick.",
        open_ended=("at_tick",),
        acts=True,
    ),
    *TRAIT_COMMANDS,
    Command(
        "world run",
        WORLD,
        "Run the same world without a kernel",
        (
            "molt world run --seed 7 --ticks 10000 --json",
            "molt world run --ticks 20000 --trait forager.py",
            "molt world run --help",
        ),
        details="Everything after 'run' goes to python -m zones.world run as it stands.",
        place=Place.TOOL,
        runs=("zones.world", "run"),
        tool_options=(
            ("--ticks", None),
            ("--seed", None),
            ("--entities", None),
            ("--scenario", Suggest.SCENARIO),
            ("--inputs", Suggest.FILE),
            ("--home", None),
            ("--events", None),
            ("--trait", Suggest.FILE),
            ("--config", None),
            ("--set", None),
            ("--threads", None),
            ("--hash-at", None),
            ("--json", None),
        ),
    ),
    *AGENT_COMMANDS,
    *EVOLUTION_COMMANDS,
    *LEDGER_COMMANDS,
    Command(
        "validate",
        TRUST,
        "Check whether files may be traits: accepted, or rule, line and reason",
        ("molt validate trait.py", "molt validate --json trait.py"),
        details="Needs no kernel and runs nothing of them. Says the tier and what a trait keeps. "
        "Exits 0 when all are\naccepted, 5 when one is refused, 2 when one cannot be read; "
        "- reads stdin. Everything after\n'validate' goes to python -m zones.traits validate as "
        "it stands.",
        place=Place.TOOL,
        runs=("zones.traits", "validate"),
        tool_options=(("--json", None),),
        tool_words=Suggest.FILE,
    ),
    TRY,
    RUN,
    Command(
        "doctor",
        TRUST,
        "Check the machine and the home, with what mends each finding",
        ("molt doctor", "molt doctor --json"),
        details="Needs no kernel and changes nothing. Exits 0 when nothing failed (warnings are "
        "no failure),\n1 when something did.",
        place=Place.HERE,
    ),
    Command(
        "doctor world",
        TRUST,
        "Check the invariants of the world as it stands in its arena",
        ("molt doctor world", "molt doctor world --json"),
        details="Finite numbers, the energy books, bounds, the index: each with its value and its "
        "limit. Exits 0 when\nthe world is sound, 1 when it is not, 69 when there is none. "
        "Everything after 'world' goes to\npython -m zones.world doctor as it stands.",
        place=Place.TOOL,
        runs=("zones.world", "doctor"),
        about_home=True,
        tool_options=(("--home", None), ("--json", None)),
    ),
    Command(
        "doctor cage",
        TRUST,
        "Show which layer of the cage holds what, and what each zone takes and may take",
        ("molt doctor cage", "molt doctor cage --json"),
        details="Layers as the zygote of the world has tried them on this machine: what is missing "
        "is told with the\nreason. Grade A: all; B: no namespaces; C: no Landlock; D: no filter of "
        "calls, and trait add, try and\nrun are refused. Limits are those of config/kernel.yaml; "
        "where no control group holds one, the kernel does.",
    ),
    *FAULT_COMMANDS,
    Command(
        "soft-restart",
        TRUST,
        "Hand a zone over to its heir at a tick boundary",
        ("molt soft-restart", "molt soft-restart stable", "molt soft-restart stable --fresh"),
        (
            Argument(
                "zone",
                Kind.NAME,
                "the zone, see molt ps",
                metavar="ZONE",
                default="stable",
                suggest=Suggest.ZONE,
            ),
            Argument(
                "fresh",
                Kind.FLAG,
                "first make a new generation of the code and settings as they are now",
                option="--fresh",
            ),
        ),
        details="Costs no tick: the heir writes the next one. A zone without an arena gets a new "
        "process.\nAfter --fresh the generation before stays warm for guard_s: molt go-back.",
        patience_s=310.0,
        acts=True,
    ),
    Command(
        "go-back",
        TRUST,
        "Let the generation of a zone that was replaced last serve again",
        ("molt go-back", "molt go-back stable", "molt go-back --dry-run"),
        (
            Argument(
                "zone",
                Kind.NAME,
                "the zone, see molt ps",
                metavar="ZONE",
                default="stable",
                suggest=Suggest.ZONE,
            ),
        ),
        question="This ends the code that serves the zone '{zone}' and takes up the generation "
        "before. Go on?",
        details="At once: the code that serves is not asked for anything any more. Only while the "
        "generation\nbefore is warm, guard_s after a soft-restart --fresh or a fault replaced it.",
        patience_s=60.0,
        acts=True,
    ),
    *UPDATE_COMMANDS,
    Command(
        "safe-mode status",
        TRUST,
        "Show why the kernel is in safe mode, and when it tries to leave",
        ("molt safe-mode status", "molt safe-mode status --json"),
        details="In safe mode a minimal kernel keeps the world ticking, without traits, and the "
        "console: status,\nps, safe-mode, shutdown and help work, all else is refused with code 5.",
    ),
    Command(
        "safe-mode leave",
        TRUST,
        "Try normal running now, and go back to it if it would work",
        ("molt safe-mode leave",),
        details="Answers when the try is over: refused with what is still broken, or the world "
        "goes on normally.",
        patience_s=900.0,
        acts=True,
    ),
    Command(
        "safe-mode enter",
        TRUST,
        "Stop every zone in order and go on in safe mode",
        ("molt safe-mode enter", "molt safe-mode enter --yes"),
        question="This stops every zone; a minimal kernel keeps only the world ticking until "
        "'molt safe-mode leave'. Go on?",
        acts=True,
    ),
    Command(
        "reload",
        KERNEL,
        "Read the configuration again and say what follows, as SIGHUP does",
        ("molt reload", "molt reload --dry-run", "molt reload --all"),
        (
            Argument(
                "dry_run",
                Kind.FLAG,
                "only say what would follow",
                option="--dry-run",
            ),
            Argument(
                "all",
                Kind.FLAG,
                "parameters that were set by hand, too",
                option="--all",
            ),
        ),
        details="A value counts now, with the next tick, process or generation, or is refused "
        "because it counts at\nboot or at founding only: then it exits 5, and what could be was "
        "applied. A file with a fault\nchanges nothing. The running world gets what the files "
        "say; a value that\n'molt params' has set in this run of the kernel stays until its file "
        "says something new, or --all is\ngiven.",
        acts=True,
    ),
    Command(
        "config",
        KERNEL,
        "Show each key that holds and where it was said, or check all files",
        ("molt config", "molt config check", "molt config --scenario ice-age --json"),
        details="Needs no kernel: it reads the files, MOLT_<KEY> and the --set words given to it. "
        "check exits 78\nwhen a file or value is wrong, and tells every fault with its line.",
        place=Place.TOOL,
        runs=("Kernel.console.config_command",),
        about_home=True,
        tool_options=(
            ("--home", None),
            ("--set", None),
            ("--scenario", Suggest.SCENARIO),
            ("--json", None),
        ),
    ),
    Command(
        "shutdown",
        KERNEL,
        "Stop the world at a tick boundary and leave",
        ("molt shutdown", "molt shutdown --yes", "molt shutdown --dry-run"),
        question="This stops the kernel and every zone; the world resumes at the next start. "
        "Go on?",
        details="The same as one Ctrl-C in the kernel's terminal.",
        patience_s=60.0,
        acts=True,
    ),
    Command(
        "help",
        KERNEL,
        "Explain a command, or search for a word",
        ("molt help", "molt help drill", "molt help tick", "molt help exit-codes"),
        (
            Argument(
                "words",
                Kind.WORDS,
                "a command, a word, or exit-codes",
                metavar="COMMAND",
                suggest=Suggest.COMMAND,
            ),
            Argument(
                "man",
                Kind.FLAG,
                "print the manual page, for man -l -",
                option="--man",
                client_only=True,
            ),
            Argument(
                "markdown",
                Kind.FLAG,
                "print all commands as a document",
                option="--markdown",
                client_only=True,
            ),
        ),
        place=Place.LOCAL,
    ),
    Command(
        "completion",
        KERNEL,
        "Print the script that completes molt in a shell",
        (
            "molt completion bash",
            "molt completion zsh",
            "molt completion fish",
        ),
        (
            Argument(
                "shell",
                Kind.CHOICE,
                "which shell",
                metavar="SHELL",
                required=True,
                choices=("bash", "zsh", "fish"),
            ),
        ),
        details='bash: eval "$(molt completion bash)" in ~/.bashrc; zsh: the same in ~/.zshrc; '
        "fish: molt completion\nfish > ~/.config/fish/completions/molt.fish",
        place=Place.HERE,
    ),
)

BY_NAME: dict[str, Command] = {command.name: command for command in COMMANDS}
