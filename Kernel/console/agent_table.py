"""The rows of the command table for agents: `molt agents` and `molt trigger`.

Owns: these rows. Does not own: the table (`commands.py`), what they do (`agent_commands.py`).
Pure data, standard library only.
"""

from Kernel.console.command_groups import EVOLUTION
from Kernel.console.command_types import Argument, Command, Kind

PATIENCE_S = 30.0
"""Longer than the kernel waits for the zone: it then says who did not answer."""

AGENT_COMMANDS: tuple[Command, ...] = (
    Command(
        "agents",
        EVOLUTION,
        "Show the agents: who thinks for them, what each does, where the mission is",
        ("molt agents", "molt agents --json"),
        details="The author is a model of a server on this machine, or the embedded one; why it is "
        "this one stands\nbeside it. A mission goes from a problem to a plan, a source, its trial, "
        "the guard period, its\neffect and a lesson: molt mutations shows what came of all.",
        patience_s=PATIENCE_S,
    ),
    Command(
        "trigger",
        EVOLUTION,
        "Have the agents begin a mission although no problem was found",
        ("molt trigger", "molt trigger 'a winter is coming'"),
        (
            Argument(
                "reason",
                Kind.LABEL,
                "why, for the record and for who plans",
                metavar="REASON",
            ),
        ),
        details="It waits while another mission is under way. Works with agents.evolution false, "
        "too: that\nonly keeps the Watcher from beginning any.",
        patience_s=PATIENCE_S,
        acts=True,
    ),
)
