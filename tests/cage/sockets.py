"""Hostile acts by sockets: to reach whom nobody meant to be reached, and to be reached."""

import array
import contextlib
import os
import socket
import struct
from collections.abc import Callable
from typing import Final

from tests.cage.primitive import Carried, Primitive, told_secret
from tests.cage.stage import EVENTS_ROAD, LOOPBACK, ROADS, Stage

_FAMILY: Final = "sockets"
_ROADS: Final = "roads of a kernel"
WORD: Final = b"a word of a caged process"
_PATIENCE_S: Final = 1.0
_KINDS: Final = {"unix-datagram": socket.SOCK_DGRAM, EVENTS_ROAD: socket.SOCK_SEQPACKET}
_IPPROTO_MPTCP: Final = 262
_MSG_FASTOPEN: Final = 0x20000000
_ETH_P_ALL: Final = 0x0300
_NETLINK_SOCK_DIAG: Final = 4
_SOCK_DIAG_BY_FAMILY: Final = 20
_NLM_REQUEST_DUMP: Final = 0x301
_TCP_LISTEN: Final = 1 << 10
_ICMP_ECHO: Final = b"\x08\x00\xf7\xff\x00\x00\x00\x00"
_VMADDR_CID_LOCAL: Final = 1


def _say(peer: socket.socket) -> bytes:
    peer.sendall(WORD)
    return b"sent"


def _connect(stage: Stage, _carried: Carried) -> bytes:
    peer = socket.socket()
    peer.connect((LOOPBACK, stage.port("tcp")))
    return _say(peer)


def _connect_mptcp(stage: Stage, _carried: Carried) -> bytes:
    peer = socket.socket(socket.AF_INET, socket.SOCK_STREAM, _IPPROTO_MPTCP)
    peer.connect((LOOPBACK, stage.port("tcp")))
    return _say(peer)


def _connect_fast(stage: Stage, _carried: Carried) -> bytes:
    peer = socket.socket()
    peer.sendto(WORD, _MSG_FASTOPEN, (LOOPBACK, stage.port("tcp")))
    return b"sent"


def _connect6(stage: Stage, _carried: Carried) -> bytes:
    peer = socket.socket(socket.AF_INET6)
    peer.connect(("::1", stage.port("tcp6")))
    return _say(peer)


def _connect_mapped(stage: Stage, _carried: Carried) -> bytes:
    peer = socket.socket(socket.AF_INET6)
    peer.connect((f"::ffff:{LOOPBACK}", stage.port("tcp")))
    return _say(peer)


def _serve(stage: Stage, _carried: Carried) -> bytes:
    door = socket.socket()
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    door.bind((LOOPBACK, stage.knock_port))
    door.listen()
    door.settimeout(_PATIENCE_S)
    visitor, _ = door.accept()
    return visitor.recv(4096)


def _serve_udp(stage: Stage, _carried: Carried) -> bytes:
    door = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    door.bind((LOOPBACK, stage.knock_port))
    door.settimeout(_PATIENCE_S)
    return door.recv(4096)


def _send_udp(stage: Stage, _carried: Carried) -> bytes:
    speaker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    speaker.sendto(WORD, (LOOPBACK, stage.port("udp")))
    return b"sent"


def _connect_unix(name: str) -> Callable[[Stage, Carried], bytes]:
    def act(stage: Stage, _carried: Carried) -> bytes:
        kind = _KINDS.get(name, socket.SOCK_STREAM)
        peer = socket.socket(socket.AF_UNIX, kind)
        peer.connect(stage.where[name])
        peer.send(WORD)
        return b"sent"

    return act


def _bind_unix(stage: Stage, _carried: Carried) -> bytes:
    door = socket.socket(socket.AF_UNIX)
    door.bind(str(stage.victim_folder / "new"))
    return b"bound"


def _take_descriptor(_stage: Stage, carried: Carried) -> bytes:
    room = array.array("i")
    _, ancillary, _, _ = carried.what.recvmsg(64, socket.CMSG_SPACE(4))
    room.frombytes(ancillary[0][2][:4])
    return os.pread(room[0], 4096, 0)


def _hold_giving_socket(stage: Stage) -> Carried:
    """Have a socketpair at whose other end somebody has just handed over a descriptor."""
    ours, its = socket.socketpair()
    secret = os.open(stage.secret_file, os.O_RDONLY)
    its.sendmsg([b"!"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [secret]))])
    os.close(secret)
    its.detach()
    return Carried(what=ours)


def _hold_connection(stage: Stage) -> Carried:
    peer = socket.create_connection((LOOPBACK, stage.port("tcp")))
    return Carried(peer.detach())


def _write_on(_stage: Stage, carried: Carried) -> bytes:
    os.write(carried.fd, WORD)
    return b"sent"


def _hold_road(stage: Stage) -> Carried:
    peer = socket.socket(socket.AF_UNIX)
    peer.connect(str(stage.home / ROADS[0]))
    return Carried(peer.detach())


def _ask_netlink(stage: Stage, _carried: Carried) -> bytes:
    """Have the kernel list who listens: it names ports of others."""
    asker = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_SOCK_DIAG)
    asker.settimeout(_PATIENCE_S)
    request = struct.pack("BBBxI", socket.AF_INET, socket.IPPROTO_TCP, 0, _TCP_LISTEN) + bytes(48)
    head = struct.pack("IHHII", 16 + len(request), _SOCK_DIAG_BY_FAMILY, _NLM_REQUEST_DUMP, 1, 0)
    asker.sendto(head + request, (0, 0))
    heard = b"".join(_hear(asker))
    return stage.secret if stage.port("tcp").to_bytes(2, "big") in heard else b""


def _hear(asker: socket.socket) -> list[bytes]:
    pieces: list[bytes] = []
    with contextlib.suppress(TimeoutError):
        while len(pieces) < 64:
            pieces.append(asker.recv(65536))
            if struct.unpack_from("H", pieces[-1], 4)[0] in (2, 3):  # an error, or done
                break
    return pieces


def _send_raw(stage: Stage, _carried: Carried) -> bytes:
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    raw.settimeout(_PATIENCE_S)
    raw.sendto(_ICMP_ECHO, (LOOPBACK, 0))
    return stage.secret if raw.recv(4096) else b""


def _sniff(stage: Stage, _carried: Carried) -> bytes:
    ear = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, _ETH_P_ALL)
    ear.settimeout(_PATIENCE_S)
    for _ in range(64):
        heard = ear.recv(65536)
        if stage.secret in heard:
            return heard
    return b""


def _vsock(_stage: Stage, _carried: Carried) -> bytes:
    door = socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)
    door.bind((socket.VMADDR_CID_ANY, socket.VMADDR_PORT_ANY))
    door.listen()
    return b"listening"


def _heard(name: str) -> Callable[[Stage, bytes], bool]:
    return lambda stage, _proof: stage.heard(name) != b""


def _heard_word(name: str) -> Callable[[Stage, bytes], bool]:
    return lambda stage, _proof: stage.heard(name) == WORD


def _told(_stage: Stage, proof: bytes) -> bool:
    return bool(proof)


def _bound(stage: Stage, _proof: bytes) -> bool:
    return os.path.lexists(stage.victim_folder / "new")


def _row(
    name: str, words: str, act: object, reached: object = told_secret, **more: object
) -> Primitive:
    return Primitive(name, _FAMILY, words, act, reached, **more)


def _road(name: str, where: str, words: str) -> Primitive:
    return Primitive(name, _ROADS, words, _connect_unix(where), _heard(where))


PRIMITIVES: Final = (
    _row("tcp", "connect to a TCP port of the loopback", _connect, _heard("tcp")),
    _row("tcp-mptcp", "connect to it by Multipath TCP", _connect_mptcp, _heard("tcp")),
    _row("tcp-fastopen", "connect to it by a send (TCP Fast Open)", _connect_fast, _heard("tcp")),
    _row("tcp6", "connect over IPv6", _connect6, _heard("tcp6")),
    _row("tcp-mapped", "connect to an IPv4 port through an IPv6 socket", _connect_mapped,
         _heard("tcp")),
    _row("tcp-serve", "listen on TCP and be visited", _serve, during=Stage.knock),
    _row("udp", "send a UDP packet", _send_udp, _heard_word("udp")),
    _row("udp-serve", "take a UDP port", _serve_udp, during=Stage.whisper),
    _row("unix", "connect to a Unix socket by its path", _connect_unix("unix"), _heard("unix")),
    _row("unix-datagram", "send to a Unix datagram socket", _connect_unix("unix-datagram"),
         _heard_word("unix-datagram")),
    _row("unix-abstract", "connect to an abstract Unix socket", _connect_unix("abstract"),
         _heard("abstract")),
    _row("unix-bind", "leave a Unix socket in the victim's folder", _bind_unix, _bound),
    _row("scm-rights", "take a descriptor that is handed over", _take_descriptor,
         before=_hold_giving_socket),
    _row("inherited-connection", "speak on an inherited connection", _write_on,
         _heard_word("tcp"), before=_hold_connection),
    _row("netlink", "ask the kernel who listens on which port", _ask_netlink),
    _row("raw", "send and hear raw IP", _send_raw),
    _row("packet", "listen to all packets of the loopback", _sniff, during=Stage.whisper),
    _row("vsock", "listen for the machine's host (vsock)", _vsock, _told),
    _road("console", ROADS[0], "connect to the kernel's console"),
    _road("scribe", ROADS[1], "connect to the scribe's socket"),
    _road("private-bus", ROADS[2], "connect to another zone's private bus"),
    _road("event-bus", EVENTS_ROAD, "connect to another zone's event bus"),
    Primitive("zygote-road", _ROADS, "speak on an inherited road of the zygote", _write_on,
              _heard_word(ROADS[0]), before=_hold_road),
)  # fmt: skip
