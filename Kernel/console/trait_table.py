"""The rows of the command table for traits: those of `molt trait`.

Owns: these rows. Does not own: the table (`commands.py`), what they do (`trait_commands.py`).
Pure data, standard library only.
"""

from Kernel.console.command_groups import WORLD
from Kernel.console.command_types import Argument, Command, Kind, Suggest

SOURCE_BYTES_MAX = 32 * 1024
"""The longest trait; the same as `zones.traits.contract.SOURCE_BYTES_MAX`."""
_AT_TICK = Argument(
    "at_tick",
    Kind.INTEGER,
    "do it at the start of this tick, or of the next one if it is past",
    metavar="N",
    option="--at-tick",
    unit="tick",
)

TRAIT_COMMANDS: tuple[Command, ...] = (
    Command(
        "trait add",
        WORLD,
        "Check a trait, compile it and bring it into the running world",
        (
            "molt trait add forager.py",
            "molt trait add forager.py --carriers newborns",
            "molt trait add forager.py --at-tick 184500 --json",
        ),
        (
            Argument(
                "source",
                Kind.FILE,
                "a Python file with one class deriving from Trait, see docs/traits.md",
                metavar="FILE",
                required=True,
                high=SOURCE_BYTES_MAX,
            ),
            Argument(
                "carriers",
                Kind.CHOICE,
                "who carries it: all at once, or who is born from then on",
                metavar="WHO",
                option="--carriers",
                choices=("all", "newborns"),
                default="all",
            ),
            _AT_TICK,
        ),
        details="Costs no tick: a new generation of the code loads it, its heir writes the next "
        "tick. A file that\nbreaks a rule is refused with rule, line and reason, and exits 5. The "
        "same class name again is a\nnew version: it takes the place of the one before in every "
        "carrier. docs/traits.md says more.",
        patience_s=480.0,
        open_ended=("at_tick",),
        acts=True,
    ),
    Command(
        "trait remove",
        WORLD,
        "Take a trait out of the running world",
        ("molt trait remove Forager", "molt trait remove forager --at-tick 184500"),
        (
            Argument(
                "name",
                Kind.CLASS_NAME,
                "the trait, by the name of its class or as in the file name",
                metavar="NAME",
                required=True,
                suggest=Suggest.TRAIT,
            ),
            _AT_TICK,
        ),
        details="Its carriers lose it at the start of that tick. Source and verdict stay in "
        "HOME/data/traits, so that\na replay finds them.",
        open_ended=("at_tick",),
        acts=True,
    ),
    Command(
        "trait list",
        WORLD,
        "List the traits of the world: version, tier, state, since when",
        ("molt trait list", "molt trait list --json"),
        details="Calls and faults are of all carriers since it came in. What waits for its tick is "
        "listed below.\nWho carries it, and in how many it is off: molt events kind=world.traits",
    ),
)
