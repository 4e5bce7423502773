"""Read the configuration again while the kernel runs, and carry out what follows.

Owns: the configuration that holds now; sending changed parameters to worlds, handing zones their
new settings. Does not own: what may change and when (`config_changes.py`), reading (`config.py`).
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from Kernel.config import KernelConfig, check_services, parse_config
from Kernel.config_changes import Change, plan_changes, plan_for_world
from Kernel.contract.errors import MoltError, Refused
from Kernel.contract.inputs import SET_PARAM, Input
from Kernel.contract.settings import Effect, Key, parse_table
from Kernel.core.arena_keeper import ArenaKeeper
from Kernel.core.arena_view import Difference
from Kernel.core.events import EventLog
from Kernel.core.zone_table import ZoneTable

TOLD_MAX = 3
"""So many parameters that differ are told of one by one; a scenario changes many."""


class Reloader:
    """The configuration of a running kernel.

    Args:
        config: what the kernel was booted with.
        read: reads the files again, as at boot; raises ConfigError.
    """

    def __init__(
        self,
        config: KernelConfig,
        read: Callable[[], KernelConfig],
        zones: ZoneTable,
        log: EventLog,
    ) -> None:
        self.config = config
        self._read = read
        self._zones = zones
        self._log = log

    def reload(
        self, dry_run: bool = False, everything: bool = False, cause: bytes = b""
    ) -> list[Change]:
        """Read all files again, let count what may, and return each key that differs.

        A key that is refused keeps its old value, and is told again by the next reload. The
        parameters of a world are compared with what it has, not with what its file said before.

        Args:
            dry_run: only tell.
            everything: parameters that were set by hand become what their file says, too.
            cause: id of the event that asked for it.

        Raises:
            ConfigError: a file or a value is wrong; nothing was changed.
            CodecError: a service told a table that cannot be used; nothing was changed.
        """
        new = self._read()
        tables = self._tables()
        check_services(new, tables)
        changes = [self._put_off(each) for each in plan_changes(self.config, new, tables)]
        changes = self._compare_worlds(changes, new, tables, everything)
        if dry_run:
            return changes
        # A world tells of its new value as caused by the event that tells of the change.
        ids = [self._log.reserve() for _ in changes]
        changes = [self._send(*each) for each in zip(changes, ids, strict=True)]
        refused = [change.key for change in changes if change.refused]
        sources = new.sources.with_kept(self.config.sources, refused)
        self.config = parse_config(sources, self.config.scenario)
        self._zones.reconfigure(self.config)
        for change, event_id in zip(changes, ids, strict=True):
            tell = self._log.warning if change.refused else self._log.info
            told = {key: value for key, value in change.fields().items() if value != ""}
            tell("config.changed", cause=cause, event_id=event_id, **told)
        return changes

    def on_signal(self) -> None:
        """Do it for SIGHUP: nobody waits for an answer, the log tells."""
        try:
            changes = self.reload()
        except MoltError as error:
            self._log.error("config.refused", why=error.message, hint=error.hint)
            return
        self._log.info("config.read", changed=len(changes))

    def tell_differences(self) -> None:
        """Log for each world in which parameters it is not as its file has it: at a boot."""
        for name, world in self._zones.arenas.items():
            file = world.config.settings_file
            told = [
                tell_difference(file, each) for each in world.differences(world.config.settings)
            ]
            if told:
                more = f"; and {len(told) - TOLD_MAX} more" if len(told) > TOLD_MAX else ""
                text = "; ".join(told[:TOLD_MAX]) + more
                self._log.info("config.differs", zone=name, text=text, hint="molt reload")

    def answer(self, dry_run: bool, everything: bool = False, cause: bytes = b"") -> dict[str, Any]:
        """Do it for the console and return the answer."""
        changes = self.reload(dry_run, everything, cause)
        return {"dry_run": dry_run, "changes": [change.fields() for change in changes]}

    def _tables(self) -> dict[str, tuple[Key, ...]]:
        """Return what the services told of their keys, by file."""
        return {
            keeper.config.settings_file: parse_table(keeper.facts["settings"])
            for keeper in self._zones.keepers()
            if keeper.config.settings_file and "settings" in keeper.facts
        }

    def _compare_worlds(
        self,
        changes: list[Change],
        new: KernelConfig,
        tables: dict[str, tuple[Key, ...]],
        everything: bool,
    ) -> list[Change]:
        """Return the changes with what the worlds have in place of what their files said before."""
        found = {change.key: change for change in changes}
        said_anew = {key for key, each in found.items() if each.effect is Effect.TICK}
        for world in self._zones.arenas.values():
            file = world.config.settings_file
            if world.arena is None or file not in tables or file not in new.sources.values:
                continue
            ours = {each for each in said_anew if each.partition(".")[0] == file}
            found = {key: each for key, each in found.items() if key not in ours}
            differences = world.differences(new.sources.values[file])
            planned = plan_for_world(file, differences, world.by_hand, ours, everything)
            found |= {each.key: each for each in planned}
        return [found[key] for key in sorted(found)]

    def _put_off(self, change: Change) -> Change:
        """Refuse a value that nobody can check yet: a wrong one would cost the next generation."""
        for keeper in self._zones.keepers():
            if keeper.config.settings_file == change.key.partition(".")[0] and not keeper.facts:
                name = keeper.config.name
                why = f"zone {name} is {keeper.state_word()} and has not said what it takes"
                return replace(change, why=why, hint=f"molt wait --for zone.{name}=ready")
        return change

    def _send(self, change: Change, event_id: bytes) -> Change:
        """Send a parameter to every world whose file says it; a refusal becomes the change's."""
        if change.effect is not Effect.TICK or change.why:
            return change
        file, _, param = change.key.partition(".")
        for world in self._zones.arenas.values():
            if world.config.settings_file != file:
                continue
            try:
                _post(world, param, change.new, event_id)
                world.by_hand.discard(param)
            except Refused as error:
                return replace(change, why=error.message, hint=error.hint)
        return change


def tell_difference(file: str, each: Difference) -> str:
    """Return in words that file and world have different values."""
    return f"{file}.{each.name}: the file says {each.said:g}, the world has {each.held:g}"


def _post(world: ArenaKeeper, param: str, value: float, cause: bytes) -> None:
    if world.inbox is None:
        name = world.config.name
        raise Refused(f"cannot reach zone {name}: it is {world.state_word()}", "molt status")
    world.inbox.post(Input(SET_PARAM, param=param, value=float(value), cause=cause))
