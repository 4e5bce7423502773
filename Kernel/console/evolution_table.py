"""The rows of the command table for what people ask about mutations; they need no kernel.

Owns: these rows, all of Place.TOOL. Does not own: the table (`commands.py`), what they do
(`zones/agents/commands`). Pure data, standard library only.
"""

from Kernel.console.command_groups import EVOLUTION
from Kernel.console.command_types import Argument, Command, Kind, Place, Suggest

STATUSES = (
    "proposed", "validated", "refused", "applied", "kept", "rolled_back", "quarantined",
)  # fmt: skip
"""The same as `zones.agents.mutation.STATUSES`."""
_ID = Argument(
    "id",
    Kind.WORDS,
    "of a mutation or its beginning, a name such as Forager_v3, or what molt why takes",
    metavar="ID",
    required=True,
)


def _row(
    name: str,
    summary: str,
    examples: tuple[str, ...],
    details: str,
    arguments: tuple[Argument, ...],
    words: Suggest | None = None,
) -> Command:
    options = (*(each.option for each in arguments if each.option), "--home", "--json")
    return Command(
        name,
        EVOLUTION,
        summary,
        examples,
        arguments,
        details=details,
        place=Place.TOOL,
        runs=("zones.agents", name),
        about_home=True,
        tool_options=tuple((option, None) for option in options),
        tool_words=words,
    )


EVOLUTION_COMMANDS: tuple[Command, ...] = (
    _row(
        "mutations",
        "List what was tried to change the world, and what it came to",
        (
            "molt mutations",
            "molt mutations --status kept --status rolled_back",
            "molt mutations --last 100 --json",
        ),
        "Newest first. Effects are with it minus without it, in percent of without it, with the "
        "95 % interval;\nas its trial forecast them, until it was kept and measured. Needs no "
        "kernel. --json: mutations (id,\ntrait, version, author, model, status, stage, rule, "
        "line, reason, applied_at_tick, effect, guard,\ntrial, plan, trigger), oldest first. Exits "
        "69 when there is no ledger. docs/evolution.md says more.",
        (
            Argument(
                "status",
                Kind.CHOICE,
                "only with this status; may stand more than once",
                "STATUS",
                "--status",
                choices=STATUSES,
            ),
            Argument("last", Kind.INTEGER, "the newest so many (20)", "N", "--last"),
        ),
    ),
    _row(
        "mutation",
        "Show one mutation whole: trouble, plan, source, trial, guard, effect",
        ("molt mutation mut_0f3a9c", "molt mutation Forager_v3", "molt mutation mut_0f3a9c --json"),
        "ID is its id or the beginning of it (6 characters or more), a name such as Forager_v3, a "
        "trait's name\n(its newest version), its plan or trigger, or an event about it. Needs no "
        "kernel. --json: mutation, plan, trigger,\ndecisions (events), source. Exits 5 when there "
        "is none or it is not clear which one is meant.",
        (_ID,),
    ),
    _row(
        "diff",
        "Show what a mutation changed: its source against the version before",
        ("molt diff mut_0f3a9c", "molt diff Forager_v3", "molt diff Forager_v3 --json"),
        "The unified form; of parameters, old and new values. One that was refused is compared "
        "with the version\nthe world had then. Needs no kernel. --json: id, against, diff (lines), "
        "params.",
        (_ID,),
    ),
    _row(
        "blame",
        "Show for each line of a trait the mutation that it came in with",
        ("molt blame Forager", "molt blame forager --json", "molt blame Forager_v2"),
        "Before each line: version and id of the mutation, its model or author and the beginning "
        "of the prompt's\nhash, the tick it came in at, its effect. Of the version that the world "
        "has now, or the one named.\nNeeds no kernel. --json: trait, version, id, lines (number, "
        "text, mutation, version, author, model,\nprompt_hash, applied_at_tick, effect).",
        (
            Argument(
                "trait",
                Kind.WORDS,
                "its class, its name in file names, or an id",
                metavar="TRAIT",
                required=True,
            ),
        ),
        Suggest.TRAIT,
    ),
)
