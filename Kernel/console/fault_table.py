"""The rows of the command table that break something on purpose: `molt drill`, `molt chaos`.

Owns: these rows. Does not own: the table (`commands.py`), what they do (`Kernel/core/drill.py`,
`tools/chaos`). Pure data, standard library only.
"""

from Kernel.console.command_groups import TRUST
from Kernel.console.command_types import Argument, Command, Kind, Place, Suggest

FAULT_COMMANDS = (
    Command(
        "drill",
        TRUST,
        "Break a zone on purpose and show that it comes back",
        (
            "molt drill kill stable",
            "molt drill kill stable --dry-run",
            "molt drill hang stable --yes",
            "molt drill segfault stable --json --yes",
        ),
        (
            Argument(
                "kind",
                Kind.CHOICE,
                "kill (SIGKILL), stop (SIGSTOP), segfault (SIGSEGV) or hang (an endless loop)",
                metavar="KIND",
                required=True,
                choices=("kill", "stop", "segfault", "hang"),
            ),
            Argument(
                "zone",
                Kind.NAME,
                "the zone, see molt ps",
                metavar="ZONE",
                required=True,
                suggest=Suggest.ZONE,
            ),
        ),
        question="This will {kind} the zone '{zone}' to show that it comes back. Go on?",
        patience_s=120.0,
        acts=True,
    ),
    Command(
        "chaos",
        TRUST,
        "Hurt a kernel at random for some minutes and show what it cost",
        (
            "molt chaos --dry-run",
            "molt chaos --minutes 10 --seed 5",
            "molt chaos --minutes 2 --json --yes",
        ),
        details="Kills, stops, hangs, floods and starves what it finds, and looks after each fault "
        "whether all serve\nagain and nothing is lost; docs/chaos.md says what must hold. It asks "
        "first, or wants --yes; --dry-run\nlists the faults. One seed is one order of faults. "
        "Ctrl-C heals what is hurt and shows the report so far.\nExits 0 when all held, 1 when "
        "something did not. Everything after 'chaos' goes to python -m tools.chaos\nas it stands.",
        place=Place.TOOL,
        runs=("tools.chaos",),
        about_home=True,
        tool_options=(
            ("--minutes", None),
            ("--seed", None),
            ("--dry-run", None),
            ("--yes", None),
            ("--home", None),
            ("--json", None),
        ),
    ),
)
