"""Made-up module versions as files, and bundles of them signed by a key of the test."""

import hashlib
import json
import struct
from collections.abc import Callable, Mapping

from Kernel.contract.arena import VERSION
from Kernel.contract.contract_version import CONTRACT
from Kernel.core.bundle import DOMAIN, MAGIC, pack_bundle
from Kernel.ports.signatures import SigningKey
from Kernel.ports.update_keys import Keyring


def version_files(**more: str) -> dict[str, bytes]:
    """Return the files of a small whole version; `more`: of zones/world, by stem."""
    files = {
        "Kernel/__init__.py": "",
        "Kernel/contract/__init__.py": "",
        "Kernel/contract/arena.py": f"MAGIC = 1\nVERSION = {VERSION}\n",
        "Kernel/contract/contract_version.py": f"CONTRACT: Final = {CONTRACT}\n",
        "zones/__init__.py": "",
        "zones/world/__init__.py": "",
    }
    files |= {f"zones/world/{stem}.py": text for stem, text in more.items()}
    return {path: text.encode() for path, text in files.items()}


def make_bundle(
    key: SigningKey,
    files: Mapping[str, bytes] | None = None,
    version: str = "1.0",
    counter: int = 1,
    changes_behaviour: bool = False,
) -> bytes:
    """Return a sound bundle."""
    files = version_files(engine="TICK = 1\n") if files is None else files
    return pack_bundle(files, version, counter, changes_behaviour, key.public.id, key.sign)


def ring_of(*keys: SigningKey) -> Keyring:
    """Return what is enrolled where these keys are."""
    return Keyring({key.public.id: key.public for key in keys})


def forge(
    key: SigningKey,
    files: Mapping[str, bytes] | None = None,
    change: Callable[[dict], object] = lambda _told: None,
    text: bytes | None = None,
    payload: bytes | None = None,
) -> bytes:
    """Return a bundle that is rightly signed and whose manifest says anything at all.

    Args:
        change: is given the manifest as plain data, to be changed.
        text: the manifest instead.
        payload: what follows it instead of the files.
    """
    files = version_files(engine="TICK = 1\n") if files is None else files
    told = {
        "module": "zones",
        "version": "1.0",
        "counter": 1,
        "contract": CONTRACT,
        "changes_behaviour": False,
        "files": [
            [path, len(files[path]), hashlib.sha256(files[path]).hexdigest()]
            for path in sorted(files)
        ],
    }
    change(told)
    if text is None:
        text = json.dumps(told, sort_keys=True, separators=(",", ":")).encode()
    if payload is None:
        payload = b"".join(files[path] for path in sorted(files))
    signature = key.sign(DOMAIN + text)
    head = struct.pack("<8s32s64sI", MAGIC, key.public.id, signature, len(text))
    return head + text + payload
