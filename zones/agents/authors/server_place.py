"""Where a model server is: an address and a port of this machine.

Owns: reading `ollama_host`, and which models a server has others run. Does not own: connecting.
Pure.

Addresses alone, and of the loopback interface alone: what agents know goes to nobody else's
machine, and a caged process has nobody to ask for names.
"""

import ipaddress
import urllib.parse
from dataclasses import dataclass
from typing import Final

from Kernel.contract.errors import ConfigError

PORT: Final = 11434
"""Ollama's own."""
_LOCAL: Final = "127.0.0.1"
_NAMES: Final = {"": _LOCAL, "localhost": _LOCAL, "0.0.0.0": _LOCAL, "::": "::1"}
"""What servers are told to listen at, and what clients then mean by it."""


@dataclass(frozen=True, slots=True)
class ServerPlace:
    """An address of this machine."""

    address: str
    port: int

    @property
    def url(self) -> str:
        """Return it as a client takes it."""
        address = f"[{self.address}]" if ":" in self.address else self.address
        return f"http://{address}:{self.port}"

    def __str__(self) -> str:
        """Return it as people read it."""
        return self.url.removeprefix("http://")


def parse_place(text: str) -> ServerPlace:
    """Return the place that `OLLAMA_HOST` or `agents.ollama_host` names.

    Raises:
        ConfigError: it is not of this machine, or names more than a place.
    """
    given = text.strip()
    scheme, mark, rest = given.partition("://")
    if not mark:
        scheme, rest = "http", given
    if scheme != "http":
        raise _refusal(text, f"it speaks {scheme[:20]!r}; a server of this machine speaks http")
    if rest.count(":") > 1 and not rest.startswith("["):
        rest = f"[{rest}]"
    try:
        parts = urllib.parse.urlsplit(f"http://{rest}")
        name, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise _refusal(text, "it takes an address and a port from 1 to 65535") from error
    if parts.username is not None or parts.path.strip("/") or parts.query or parts.fragment:
        raise _refusal(text, "it takes an address and a port, nothing more")
    if port == 0:
        raise _refusal(text, "no server has port 0")
    try:
        address = ipaddress.ip_address(_NAMES.get(name, name))
    except ValueError as error:
        raise _refusal(text, "it takes an address of this machine or localhost") from error
    if not address.is_loopback or "%" in str(address):
        raise _refusal(text, "it is an address of another machine; nothing is sent there")
    return ServerPlace(str(address), PORT if port is None else port)


def runs_elsewhere(model: str) -> bool:
    """Tell whether a server of this machine would hand questions for a model on to ollama.com.

    It does so since 0.12 for models with such a tag ("gpt-oss:120b-cloud", "glm-4.6:cloud"), as if
    they were its own.
    """
    tag = model.rpartition("/")[2].partition(":")[2].lower()
    return tag == "cloud" or tag.endswith("-cloud")


def _refusal(text: str, why: str) -> ConfigError:
    return ConfigError(
        f"cannot use ollama_host {text[:100]!r}: {why}",
        f"set ollama_host of config/agents.yaml, or OLLAMA_HOST, to http://{_LOCAL}:{PORT}",
    )
