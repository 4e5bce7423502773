"""Where the model server is, and whether it may be asked: on this machine only.

Owns: reading what OLLAMA_HOST may be. Does not own: talking to it (`authors/ollama.py`), the port
its process may connect to (the cage). Pure.
"""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

PORT: Final = 11434
LOOPBACK: Final = "127.0.0.1"
_HERE: Final = frozenset((LOOPBACK, "localhost", "0.0.0.0", "::", "::1"))
"""0.0.0.0 is what a server listens on; who asks it asks this machine."""


@dataclass(frozen=True, slots=True)
class OllamaHost:
    """A place of a model server.

    Args:
        url: to be asked, by an address and not by a name: nobody is asked whose it is.
        port: of it; 0 where it may not be asked.
        why: why it may not be asked, "" where it may.
    """

    url: str
    port: int
    why: str = ""


def parse_host(text: str) -> OllamaHost:
    """Return where a server is that is told as Ollama's own programs take it.

    Args:
        text: with or without scheme and port; "" is the default place.
    """
    said = text.strip()
    try:
        parts = urlsplit(said if "://" in said else f"http://{said or LOOPBACK}")
        host, port = parts.hostname or "", parts.port or PORT
    except ValueError as error:
        return OllamaHost("", 0, f"cannot ask {said[:80]!r}: {error}")
    if parts.scheme != "http":
        return OllamaHost("", 0, f"cannot ask {said[:80]!r}: it takes http")
    if host not in _HERE:
        return OllamaHost("", 0, f"cannot ask {host[:80]}: agents reach this machine alone")
    address = "[::1]" if host in ("::1", "::") else LOOPBACK
    return OllamaHost(f"http://{address}:{port}", port)
