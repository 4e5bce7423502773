"""The rows of the command table for traits: `molt try` and those of `molt trait`.

Owns: these rows. Does not own: the table (`commands.py`), what they do (`trait_commands.py`).
Pure data, standard library only.
"""

from Kernel.console.command_groups import EVOLUTION, TRUST, WORLD
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
SCALE_MAX = 16
TICKS_MAX = 10_000_000
"""The kernel's own limit is a key of kernel.yaml: trial.ticks_max."""
SEEDS_MAX = 64
_SOURCE = Argument(
    "source",
    Kind.FILE,
    "a Python file with one class deriving from Trait, see docs/traits.md",
    metavar="FILE",
    required=True,
    high=SOURCE_BYTES_MAX,
)
_TICKS = Argument(
    "ticks",
    Kind.INTEGER,
    "how long each run of the trial is",
    metavar="N",
    option="--ticks",
    unit="ticks",
    low=1,
    high=TICKS_MAX,
    default=1000,
)
_SEEDS = "pairs of runs, each with a seed of its own; "

TRY = Command(
    "try",
    TRUST,
    "Try a trait on copies of the world, beside a control, and say what it changes",
    (
        "molt try forager.py",
        "molt try forager.py --ticks 5000 --seeds 8",
        "molt try forager.py --scale 4 --json",
    ),
    (
        _SOURCE,
        _TICKS,
        Argument(
            "seeds",
            Kind.INTEGER,
            _SEEDS + "4 up to 5000 Molbots, 1 above",
            metavar="N",
            option="--seeds",
            unit="seeds",
            low=1,
            high=SEEDS_MAX,
        ),
        Argument(
            "scale",
            Kind.INTEGER,
            "run one more pair with N times the population",
            metavar="N",
            option="--scale",
            unit="times",
            low=1,
            high=SCALE_MAX,
            default=1,
        ),
        Argument(
            "unchecked",
            Kind.FLAG,
            "neither check nor guard it: only to test the cage, and only where the kernel was "
            "started for that",
            option="--unchecked",
        ),
    ),
    details="The running world goes on and is not touched: copies of it run faster than real time, "
    "sealed, with\nand without the trait, from the same seed. An effect is candidate minus "
    "control; with two seeds or\nmore it has a 95 % interval. Exits 5 when the trait is refused, "
    "with rule, line and reason. Trials\nwait for each other: molt ps shows them.",
    acts=True,
    open_ended=("source",),
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
            _SOURCE,
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
            _TICKS,
            Argument(
                "seeds",
                Kind.INTEGER,
                _SEEDS + "of the trial",
                metavar="N",
                option="--seeds",
                unit="seeds",
                low=1,
                high=SEEDS_MAX,
                default=1,
            ),
            Argument(
                "no_trial",
                Kind.FLAG,
                "check and compile it, and do not try it first; that is recorded",
                option="--no-trial",
            ),
        ),
        details="It is tried first, as by molt try, on copies of the world. Costs no tick: a new "
        "generation of the\ncode loads it, its heir writes the next tick. A file that breaks a "
        "rule, or fails its trial, is\nrefused with rule, line and reason, and exits 5. The same "
        "class name again is a new version: it\ntakes the place of the one before in every "
        "carrier. docs/traits.md says more.",
        open_ended=("source",),
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
    Command(
        "quarantine",
        EVOLUTION,
        "List the traits in quarantine, or put one there",
        ("molt quarantine", "molt quarantine Forager", "molt quarantine --json"),
        (
            Argument(
                "name",
                Kind.CLASS_NAME,
                "the trait to put there, by the name of its class or as in the file name",
                metavar="NAME",
                suggest=Suggest.TRAIT,
            ),
        ),
        details="What is in quarantine does not run, and the same source is not taken again before "
        "molt release NAME.\nIts carriers go back to the version before, where there is one. A "
        "trait comes here when it ends its\nprocess twice, when its guard takes it back, or by "
        "hand.",
        question="Put trait {name} into quarantine, in everybody who carries it?",
        destroys_with="name",
        acts=True,
    ),
    Command(
        "release",
        EVOLUTION,
        "Let a trait out of quarantine, so that the same source can be tried again",
        ("molt release Forager", "molt release forager --json"),
        (
            Argument(
                "name",
                Kind.CLASS_NAME,
                "the trait, by the name of its class or as in the file name",
                metavar="NAME",
                required=True,
                suggest=Suggest.QUARANTINED,
            ),
        ),
        details="It does not come back by itself: molt trait add FILE tries it and brings it in, "
        "under guard. A version\nof the same name that runs is left as it is.",
        acts=True,
    ),
)
