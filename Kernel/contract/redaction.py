"""Take what looks like a credential out of an event before it is sent.

Owns: what looks like one, and what stands in its place. Does not own: who calls it (`kinds.py`, so
every sender). It is a net, not a wall: the ledger is kept for good, so better one harmless value
too many than one key. Pure.

Which shapes are looked for follows the public formats of the issuers (GitHub, GitLab, AWS, Google,
Slack, OpenAI, Anthropic, JSON Web Tokens, PEM).
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from Kernel.contract.errors import CodecError

MARK: Final = "[redacted]"
_SECRET_KEYS: Final = re.compile(
    r"(?:^|_)(?:pass(?:word|wd|phrase|code)?|pwd|secret|token|(?:api|access|private|account|signing"
    r"|encryption|ssh|master)_?key|credentials?|authorization|cookie|bearer)[0-9]{0,3}"
    r"(?:$|_(?:id|value|key|text|hash)$)"
)
_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_KEY_FILES: Final = re.compile(
    r"-----BEGIN [A-Z ]{0,64}PRIVATE KEY(?: BLOCK)?-----[\s\S]*?"
    r"(?:-----END [A-Z ]{0,64}PRIVATE KEY(?: BLOCK)?-----|\Z)"
)
"""Looked for first: their last dashes would hide what begins right behind them."""
_SHAPES: Final = re.compile(
    r"""
    \b(?:AKIA|ASIA)[0-9A-Z]{16}\b
    | \bgh[pousr]_[A-Za-z0-9]{20,}
    | \bgithub_pat_[A-Za-z0-9_]{20,}
    | \bglpat-[A-Za-z0-9_-]{16,}
    | \bx(?:ox[abeoprs]|app)-[A-Za-z0-9-]{10,}
    | (?<![A-Za-z0-9_-])sk-(?=[A-Za-z_-]*[0-9])[A-Za-z0-9_-]{16,}
    | \b[rs]k_(?:live|test)_[A-Za-z0-9]{16,}
    | \bAIza[A-Za-z0-9_-]{30,}
    | \bya29\.[A-Za-z0-9_-]{20,}
    | \bnpm_[A-Za-z0-9]{30,}
    | \bhf_[A-Za-z0-9]{30,}
    | \bpypi-[A-Za-z0-9_-]{30,}
    | \bSG\.[A-Za-z0-9_-]{16,64}\.[A-Za-z0-9_-]{16,}
    | (?<=hooks\.slack\.com/services/)[A-Za-z0-9/]{20,}
    | (?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}
    | (?<=(?i:bearer)\ )(?=[A-Za-z._~+/=-]*[0-9])[A-Za-z0-9._~+/=-]{8,}
    | (?<=(?i:basic)\ )(?=[A-Za-z]*[0-9+/=])[A-Za-z0-9+/=]{12,}
    | (?<=://)[^/\s:@]{1,64}:[^/\s@]{1,256}(?=@)
    """,
    re.VERBOSE | re.ASCII,
)
"""Each begins at a fixed word and goes on through a class that this word cannot begin anew in, or
for a bounded length: the time is linear in the text, whatever is in it. A token is told from a word
by a digit where words are usual ("Bearer authentication", "sk-learn")."""
_ASSIGNED: Final = re.compile(
    r"(?i)(?<![a-z])((?:password|passwd|passphrase|passcode|pwd|secret|(?:api|access|account|private"
    r"|signing|encryption)[_-]?key|(?:auth|access|refresh|bot)[_-]?token|client[_-]?secret)"
    r"[0-9]{0,3}[\"']?\s{0,8}[=:]\s{0,8}[\"']?)"
    r"(?!(?:\[redacted\]|none|null|true|false|required|missing|unset|empty|wrong|changed)"
    r"(?:[\s\"',;&)\]}]|$))([^\s\"',;&]{4,})"
)
_HINTS: Final = re.compile(
    r"(?i)-----BEGIN|AKIA|ASIA|gh[pousr]_|github_pat|glpat|xox|xapp|[sr]k[-_]|AIza|ya29|npm_|hf_"
    r"|pypi-|SG\.|slack|eyJ|bearer|basic|://|pass|pwd|secret|key|token"
)
"""A cheap look that lets nearly every text pass untouched."""
_TRACES: Final = (
    ("", ("pass", "pwd", "secret", "key", "token", "credential", "cookie", "bearer", "basic")),
    ("", ("akia", "asia", "eyj", "\xe2\x84\xaa", "\xc5\xbf")),
    ("-", ("-----begin", "glpat-", "xox", "xapp-", "sk-", "pypi-")),
    ("_", ("gh", "github_pat", "k_live_", "k_test_", "npm_", "hf_")),
    (".", ("ya29.", "sg.", "hooks.slack.com")),
    ("z", ("authorization", "aiza")),
    (":", ("://",)),
)
"""What every credential, and every name of one, has in it in small letters, behind one character
that it has too and most events do not. The two of accents are UTF-8 of the Kelvin sign and the long
s, which stand for k and s where case does not matter."""


def may_need_redaction(packed: bytes) -> bool:
    """Return whether plain data packed as MessagePack has to be looked through by `redact`.

    One look over the bytes (under 2 µs for 200) instead of one at each text and key (16 µs):
    packing leaves every text in one piece, so nothing that `redact` would take is without a trace.
    """
    # As text of one byte each: searching in str takes half of what it takes in bytes.
    small = packed.lower().decode("latin-1")
    for sign, traces in _TRACES:
        if sign in small:
            for trace in traces:
                if trace in small:
                    return True
    return False


def redact(payload: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
    """Return a copy without what looks like a credential, and how much was taken out.

    Args:
        payload: plain data; not changed.

    Raises:
        CodecError: it is nested too deep to be looked through, by some hundred levels.
    """
    try:
        clean, count = _clean(payload)
    except RecursionError as error:
        raise CodecError("cannot look for credentials in what is nested so deep") from error
    return clean, count


def redact_text(text: str) -> tuple[str, int]:
    """Return a text without what looks like a credential, and how often one was taken out."""
    if _HINTS.search(text) is None:
        return text, 0
    text, files = _KEY_FILES.subn(MARK, text)
    text, shapes = _SHAPES.subn(MARK, text)
    text, assigned = _ASSIGNED.subn(lambda found: found[1] + MARK, text)
    return text, files + shapes + assigned


def _clean(value: Any) -> tuple[Any, int]:
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, bytes):
        text, count = redact_text(value.decode("latin-1"))
        return (text.encode("latin-1"), count) if count else (value, 0)
    if isinstance(value, Mapping):
        return _clean_map(value)
    if isinstance(value, list | tuple):
        cleaned = [_clean(inner) for inner in value]
        return [inner for inner, _ in cleaned], sum(taken for _, taken in cleaned)
    return value, 0


def _clean_map(value: Mapping[Any, Any]) -> tuple[dict[Any, Any], int]:
    kept: dict[Any, Any] = {}
    count = 0
    for key, inner in value.items():
        shown, taken = _hide(inner) if _is_secret(key) else _clean(inner)
        named, of_name = redact_text(key) if isinstance(key, str) else (key, 0)
        while of_name and named in kept:  # two credentials must not become one entry
            named += "+"
        kept[named] = shown
        count += taken + of_name
    return kept, count


def _hide(value: Any) -> tuple[Any, int]:
    """Take out every text under a name such as "api_key"; numbers (token counts) are none."""
    if isinstance(value, str | bytes):
        return (MARK, int(value != MARK)) if value else (value, 0)
    if isinstance(value, Mapping):
        value, count = _clean_map(value)
        hidden = {key: _hide(inner) for key, inner in value.items()}
        return {key: inner for key, (inner, _) in hidden.items()}, count + sum(
            taken for _, taken in hidden.values()
        )
    if isinstance(value, list | tuple):
        inners = [_hide(inner) for inner in value]
        return [inner for inner, _ in inners], sum(taken for _, taken in inners)
    return value, 0


def _is_secret(key: object) -> bool:
    if not isinstance(key, str):
        return False
    return _SECRET_KEYS.search(_HUMP.sub("_", key).lower().replace("-", "_")) is not None
