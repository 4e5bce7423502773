"""The Patcher: the only writer of `mutations/`, and who takes up what people drop there.

Owns: which files there are, what is written into them, which dropped file is proposed. Does not
own: files (`folder.py`), when to look (`watching.py`), what became of a mutation (`mutations.py`),
sending events and asking the kernel (`service.py`), sources that were accepted (the store).

Everything it knows it has from the log and from the folder: after a restart it goes on as if
nothing had happened, and writes what is missing. A file whose source nobody knows is proposed, one
at a time; a source that was refused is not tried again until it is changed. What somebody has
edited is never written over before it was taken up.

Whoever owns it has every event of the log taken by the fold and `note`d here, calls `step` in every
round of its loop once it has come up with the log, sends what a `Dropped` proposes, asks the kernel
to apply it with that event as the cause, and `settle`s it with the answer.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from zones.agents.folder import (
    FILES_MAX,
    FOLDER,
    Folder,
    Seen,
    Unreadable,
    canonical_name,
    shown,
    version_in,
)
from zones.agents.header import header, without_header
from zones.agents.mutation import HAND, LIVING, OPEN, Mutation
from zones.agents.mutations import Mutations
from zones.runtime.trait_store import StoreError, TraitStore, file_name
from zones.traits.contract import SOURCE_BYTES_MAX

VERSIONS_KEPT: Final = 3
"""Files of so many versions of a name; older ones are removed."""
SETTLE_S: Final = 0.5
"""A file is read when it has not changed for so long: it may still be being written."""
AGAIN_S: Final = 30.0
"""After the kernel could not take a file up just now, or one could not be written."""
_CLASS: Final = re.compile(r"^class\s+(\w{1,64})\s*\(\s*Trait\s*\)", re.MULTILINE)

Tell = Callable[[str, str, Mapping[str, Any]], None]
"""Told with an action, a sentence, and values: becomes a `feed` event of the Patcher."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """A file that somebody put into the folder, to be proposed and applied.

    Args:
        file: its name, as it can be told.
    """

    file: str
    source: str
    code_hash: str
    attempt: int = 1

    @property
    def mutation_id(self) -> str:
        """Its id, which follows from the code."""
        return f"mut_{self.code_hash[:12]}"

    @property
    def trait_name(self) -> str:
        """The class as it looks, for people; only the kernel's verdict is to be trusted."""
        found = _CLASS.search(self.source)
        return found[1] if found else Path(self.file).stem

    def proposal(self) -> dict[str, Any]:
        """Return the payload of mutation.proposed."""
        return {
            "mutation_id": self.mutation_id,
            "plan_id": "",
            "trait_name": self.trait_name,
            "code_hash": self.code_hash,
            "author": HAND,
            "attempt": self.attempt,
            "source": self.source,
            "note": f"put into mutations/ as {self.file}",
        }

    def wish(self, carriers: str) -> dict[str, Any]:
        """Return the arguments of the ask `apply`, without its cause."""
        return {"source": self.source, "mutation_id": self.mutation_id, "carriers": carriers}


class Patcher:
    """The files of one home.

    Args:
        mutations: the fold that whoever owns this keeps up with the log.
        tell: is told what people may want to know.
    """

    def __init__(self, home: Path, mutations: Mutations, tell: Tell) -> None:
        self._folder = Folder(home / FOLDER)
        self._store = TraitStore(home)
        self._mutations = mutations
        self._tell = tell
        self._due: set[str] = set()
        self._began = False
        self._look_s = self._write_s = 0.0
        self._seen: dict[str, tuple[Seen, float]] = {}
        self._judged: dict[str, tuple[Seen, str]] = {}
        self._told: dict[str, Seen] = {}
        self._ours: set[str] = set()
        self._asked: set[str] = set()
        self._under_way = ""
        self._again_s: dict[str, float] = {}
        self._cannot = {"read": "", "write": ""}

    @property
    def degraded(self) -> str:
        """Why files cannot be read or written, "" while all is well."""
        return self._cannot["write"] or self._cannot["read"]

    def note(self, changed: Mutation | None) -> None:
        """Take what the fold has changed: the next step writes its file, and judges it anew."""
        if changed is not None:
            if changed.version and not changed.params:
                self._due.add(file_name(changed.trait))
            self._forget(changed.code_hash)

    def settle(self, code_hash: str, now_s: float, *, later: bool = False) -> None:
        """Take the end of an ask; what has become of it is told by events.

        Args:
            later: the kernel could not take it up just now: it is tried again after AGAIN_S.
        """
        if self._under_way == code_hash:
            self._under_way = ""
        if later:
            self._asked.discard(code_hash)
            self._again_s[code_hash] = now_s + AGAIN_S
        self._forget(code_hash)

    def step(self, now_s: float, *, changed: bool) -> Dropped | None:
        """Do what is due; return a file to be proposed and applied, if there is one.

        To be called when the fold has come up with the log: else our own files look like new ones.

        Args:
            changed: something in the folder has.
        """
        if not self._began or (self._due and now_s >= self._write_s):
            self._write(now_s)
        if not changed and now_s < self._look_s:
            return None
        self._look_s = float("inf")
        try:
            found = self._look(now_s)
            many = f"mutations/ has more than {FILES_MAX} files: others are left alone"
            self._cannot["read"] = many if self._folder.is_crowded else ""
        except OSError as error:
            self._cannot["read"] = f"cannot read mutations/: {error.strerror or error}"
            return None
        if found is not None:
            self._under_way = found.code_hash
            self._asked.add(found.code_hash)
        return found

    def _write(self, now_s: float) -> None:
        """Write the files that are due, and remove those of older versions."""
        names = self._due
        if not self._began:
            names = {file_name(each.trait) for each in self._mutations if each.version}
        self._due, self._began, why = set(), True, ""
        for name in sorted(names):
            try:
                self._write_versions(name)
            except OSError as error:
                why = f"cannot write mutations/: {error.strerror or error}"
                self._due.add(name)
                self._write_s = now_s + AGAIN_S
        self._cannot["write"] = why

    def _look(self, now_s: float) -> Dropped | None:
        there = self._folder.look()
        self._miss(there)
        for name, seen in sorted(there.items()):
            before, since_s = self._seen.get(name, (seen, now_s))
            since_s = since_s if before == seen else now_s
            self._seen[name] = seen, since_s
            if name in self._judged and self._judged[name][0] == seen:
                continue
            if now_s - since_s < SETTLE_S:
                self._look_s = min(self._look_s, since_s + SETTLE_S)
                continue
            found = self._judge(name, seen, now_s)
            if found is not None:
                self._look_s = now_s
                return found
        return None

    def _judge(self, name: str, seen: Seen, now_s: float) -> Dropped | None:
        """Return a file if it is to be proposed; else it is left alone until it changes."""
        try:
            data = self._read(name)
            source = data.decode()
        except (Unreadable, UnicodeDecodeError) as error:
            why = "it is no UTF-8 text" if isinstance(error, UnicodeDecodeError) else str(error)
            self._judged[name] = seen, ""
            text = f"{shown(name)} is no source: {why}"
            self._say(name, seen, "passed over", text, {})
            return None
        code_hash = hashlib.sha256(data).hexdigest()
        known = self._mutations.of_hash(code_hash)
        if known is not None and not _is_wanted(known, name):
            self._judged[name] = seen, code_hash
            self._know(name, seen, known)
            return None
        if code_hash in self._asked and not (known and known.released):  # its events come
            self._judged[name] = seen, code_hash
            return None
        waits_s = self._again_s.get(code_hash, 0.0)
        if self._under_way or now_s < waits_s:
            self._look_s = min(self._look_s, max(waits_s, now_s + SETTLE_S))
            return None
        return Dropped(shown(name), source, code_hash, known.attempts + 1 if known else 1)

    def _know(self, name: str, seen: Seen, known: Mutation) -> None:
        """Leave a file whose code was judged; ours stands in its place, if it was accepted."""
        ours = canonical_name(known.trait, known.version) if known.version else ""
        if known.status in OPEN or name == ours:
            return
        if known.status in LIVING:
            place = version_in(name)
            if place is None:
                self._remove(name)
            else:  # somebody has edited a file of ours: what was in it comes back
                self._due |= {place[0], file_name(known.trait)}
            return
        why = f"{known.status.replace('_', ' ')}: {known.reason or known.id}"
        told = {"mutation_id": known.id, "hint": f"molt mutation {known.id}"}
        text = f"{shown(name)} is not tried again until it changes; its code was {why}"
        self._say(name, seen, "refused", text, told)

    def _say(self, name: str, seen: Seen, action: str, text: str, told: Mapping[str, Any]) -> None:
        """Tell of a file once, until it changes."""
        if self._told.get(name) != seen:
            self._told[name] = seen
            self._tell(action, text, {"file": shown(name), **told})

    def _miss(self, there: Mapping[str, Seen]) -> None:
        """Tell of files of ours that somebody deleted; they come back at their next change."""
        for name in [name for name in self._seen if name not in there]:
            del self._seen[name]
            self._judged.pop(name, None)
            self._told.pop(name, None)
            if name in self._ours:
                self._ours.discard(name)
                text = f"{name} was deleted: that takes nothing back"
                self._tell("deleted", text, {"file": name})

    def _forget(self, code_hash: str) -> None:
        """Have the files of a code judged anew."""
        for name in [name for name, (_, code) in self._judged.items() if code == code_hash]:
            del self._judged[name]
            self._look_s = 0.0

    def _read(self, name: str) -> bytes:
        data = without_header(self._folder.read(name))
        if len(data) > SOURCE_BYTES_MAX:
            raise Unreadable(f"it has more than {SOURCE_BYTES_MAX} bytes")
        return data

    def _write_versions(self, name: str) -> None:
        versions = self._mutations.versions_of(name, file_name)[-VERSIONS_KEPT:]
        for mutation in versions:
            self._write_one(mutation)
        wanted = {canonical_name(each.trait, each.version) for each in versions}
        for file in self._folder.look():
            place = version_in(file)
            is_old = place is not None and place[0] == name and file not in wanted
            if is_old and self._is_stored(file):
                self._remove(file)

    def _write_one(self, mutation: Mutation) -> None:
        try:
            source, _ = self._store.source(mutation.code_hash)
        except StoreError:
            return  # it never came into the store, or was taken out of it
        file = canonical_name(mutation.trait, mutation.version)
        try:
            there = self._folder.read(file)
        except Unreadable:
            there = b""
        edited = without_header(there)
        if there and edited != source and not self._is_accepted(edited):
            return  # somebody has edited it, and it was not taken up
        thought = self._mutations.plans.get(mutation.plan)
        words = thought.payload.get("description", "") if thought is not None else ""
        data = header(mutation, str(words)) + source
        if data != there:
            self._folder.write(file, data)
        self._ours.add(file)

    def _is_accepted(self, source: bytes) -> bool:
        known = self._mutations.of_hash(hashlib.sha256(source).hexdigest())
        return known is not None and bool(known.version) and known.status not in OPEN

    def _is_stored(self, file: str) -> bool:
        """Return whether what is in a file can be had again: then it may be removed."""
        try:
            code_hash = hashlib.sha256(self._read(file)).hexdigest()
            self._store.source(code_hash)
        except (Unreadable, StoreError):
            return False
        known = self._mutations.of_hash(code_hash)
        return known is None or known.status not in OPEN

    def _remove(self, name: str) -> None:
        for kept in (self._seen, self._judged, self._told):
            kept.pop(name, None)
        self._ours.discard(name)
        self._folder.remove(name)


def _is_wanted(known: Mutation, name: str) -> bool:
    """Return whether a file of known code is to be tried: it was begun by hand, or released."""
    if known.aside:
        return True
    if known.status in OPEN:
        return known.author == HAND
    ours = canonical_name(known.trait, known.version) if known.version else ""
    return known.released and known.status not in LIVING and name != ours
