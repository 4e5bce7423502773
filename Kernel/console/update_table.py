"""The rows of the command table for module updates.

Owns: these rows. Does not own: the table (`commands.py`), what they do (`update_command.py` without
a kernel, `update_commands.py` in one). Pure data, standard library only.
"""

from Kernel.console.command_groups import TRUST
from Kernel.console.command_types import Command, Place, Suggest

_TOOL = "Kernel.console.update_command"
_HOME_AND_JSON = (("--home", None), ("--json", None))


def _tool(
    name: str,
    summary: str,
    examples: tuple[str, ...],
    details: str,
    options: tuple[str, ...] = (),
    words: Suggest | None = None,
) -> Command:
    return Command(
        f"update {name}",
        TRUST,
        summary,
        examples,
        details=details,
        place=Place.TOOL,
        runs=(_TOOL, name),
        about_home=True,
        tool_options=(*((each, None) for each in options), *_HOME_AND_JSON),
        tool_words=words,
    )


UPDATE_COMMANDS: tuple[Command, ...] = (
    _tool(
        "keygen",
        "Make a key that signs module versions, and let this home believe it",
        ("molt update keygen ~/molt.key", "molt update keygen --enrol molt.key.pub"),
        "The secret half goes to FILE (mode 0600, no pass phrase), the public half to FILE.pub. "
        "--enrol takes\na public half that was made elsewhere. Enrolled keys are files in "
        "HOME/fallback/keys: delete one to\nbelieve it no longer.",
        ("--enrol",),
        Suggest.FILE,
    ),
    _tool(
        "pack",
        "Pack the zones of a checkout as a signed module version",
        (
            "molt update pack next.bundle --key ~/molt.key --version 1.1 --counter 2",
            "molt update pack b --key k --version 1.2 --counter 3 --changes-behaviour",
        ),
        "Takes zones/ and Kernel/contract of --source, which is this checkout. A home takes it "
        "only if the\ncounter is above every one it has run. Without --changes-behaviour it claims "
        "that every world\ncomes to the same hashes, and is held to that. docs/updates.md has the "
        "format.",
        ("--key", "--version", "--counter", "--changes-behaviour", "--source"),
        Suggest.FILE,
    ),
    _tool(
        "stage",
        "Take a module version in: verify it, unpack it, prove it in a dry run",
        ("molt update stage next.bundle", "molt update stage next.bundle --ticks 6000 --json"),
        "Needs no kernel and touches nothing that runs. Signature and list are verified before "
        "anything is\nunpacked; then it runs its self-test and ticks a copy of the world, enclosed "
        "and sealed, beside the\nversion that serves. What breaks a rule is refused with rule and "
        "reason, and exits 5. --again takes\none that was taken back here before.",
        ("--ticks", "--again"),
        Suggest.FILE,
    ),
    _tool(
        "status",
        "Show which module versions there are, what comes and what became of others",
        ("molt update status", "molt update status --json"),
        "Reads every byte of each version. Exits 0, or 1 when one that is in use is damaged.",
    ),
    Command(
        "update commit",
        TRUST,
        "Let all zones run the staged module version, under guard",
        ("molt update commit", "molt update commit --json"),
        details="Costs no tick: a generation of it is made ready beside the one that serves, and "
        "its heir writes the\nnext tick. Answers when all zones run it. Until its guard is over it "
        "is taken back by itself when it\nfails, and by molt update rollback; then it is active, "
        "and the one before is the fallback.",
        patience_s=700.0,
        acts=True,
    ),
    Command(
        "update rollback",
        TRUST,
        "Take the module version back that is under guard, or that runs",
        ("molt update rollback", "molt update rollback --dry-run", "molt update rollback --yes"),
        question="All zones go on with the module version before. Take this one back?",
        details="Under guard the generation before is warm and goes on within milliseconds. Later "
        "one is made ready\nfirst: of the fallback, or of the factory version, which is the "
        "checkout.",
        patience_s=700.0,
        acts=True,
    ),
)
