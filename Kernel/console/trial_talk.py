"""What the command line says while a trial is waited for, and how its answer ends.

Owns: these words, the exit code. Does not own: asking (`errand.py`), the verdict's looks
(`trial_words.py`).
"""

from base64 import b64decode
from collections.abc import Callable, Mapping
from hashlib import sha256

from Kernel.console.client import ask
from Kernel.console.commands import BY_NAME
from Kernel.console.output import say
from Kernel.console.session import Session
from Kernel.console.values import count, rows_of, whole
from Kernel.contract.errors import MoltError, Refused

WAITED_FOR = ("try", "trait add", "run")
"""Commands whose answer may wait for others."""


def trial_watch(args: Mapping[str, object], session: Session) -> Callable[[], None]:
    """Return what tells, each time it is called, how far a trial is if that has changed.

    Args:
        args: of the request, with the source.
    """
    code_hash = sha256(b64decode(str(args["source"]))).hexdigest()
    said = ""

    def look() -> None:
        nonlocal said
        try:
            told = ask(session.home, "ps", {}, BY_NAME["ps"].patience_s).result
        except MoltError:  # what keeps us from looking is told by the answer itself
            return
        for trial in rows_of(told, "trials"):
            words = _progress(trial)
            if trial.get("hash") == code_hash and words != said:
                said = words
                say(words)
        for call in rows_of(told, "calls"):
            waits = call.get("state") == "queued" and call.get("name") == args.get("name")
            if waits and _progress(call) != said:
                said = _progress(call)
                say(said)

    return look


def verdict_code(result: Mapping[str, object]) -> int:
    """Return the exit code of `try`."""
    return 0 if result.get("accepted") is True else Refused.exit_code


def _progress(trial: Mapping[str, object]) -> str:
    if trial.get("state") == "queued":
        return f"queued, {whole(trial, 'before')} before it"
    return f"running: {whole(trial, 'ticks')} ticks, {count(trial, 'seeds', 'seed')}"
