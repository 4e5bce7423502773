"""Hostile acts that would change the rules: namespaces, mounts, users, the machine itself."""

import ctypes
import errno
import os
import socket
import struct
from collections.abc import Callable
from typing import Final

from tests.cage.kernel_calls import LIBC, buffer, call
from tests.cage.primitive import (
    PAST_PERMISSION,
    Carried,
    Primitive,
    past_permission,
    told_anything,
    told_secret,
)
from tests.cage.stage import LOOPBACK, Stage

_FAMILY: Final = "rules and machine"
_CLONE_NEWNS: Final = 0x00020000
_CLONE_NEWUSER: Final = 0x10000000
_CLONE_NEWNET: Final = 0x40000000
_MS_REC_PRIVATE: Final = 0x44000
_MS_BIND: Final = 0x1000
_MNT_DETACH: Final = 2
_CAPABILITY_VERSION: Final = 0x20080522
_ADDR_NO_RANDOMIZE: Final = 0x0040000
_ASK_PERSONALITY: Final = 0xFFFFFFFF
_PR_SET_MM: Final = 35
_PR_SET_MM_START_CODE: Final = 1
_SECCOMP_SET_MODE_FILTER: Final = 1
_SECCOMP_NEW_LISTENER: Final = 8
_ALLOW: Final = struct.pack("HBBI", 0x06, 0, 0, 0x7FFF0000)
_ARCH_GET_FS: Final = 0x1003
_SYSLOG_READ_ALL: Final = 3
_LANDLOCK_ALL_FILES: Final = (1 << 13) - 1
_LANDLOCK_READ: Final = 1 << 2 | 1 << 3
_LANDLOCK_PATH_BENEATH: Final = 1
_NO_SUCH_FILE: Final = b"/there-is-no-such-file"
_TIMEZONE_INVALID: Final = 100_000
_CORE_PATTERN: Final = "/proc/sys/kernel/core_pattern"


def _capable() -> bytes:
    """Return b"capable" when this process has any capability at all."""
    head, data = buffer(struct.pack("Ii", _CAPABILITY_VERSION, 0)), buffer(24)
    call("capget", head, data)
    return b"capable" if any(bytes(data)[:4]) else b""


def _unshare_user(_stage: Stage, _carried: Carried) -> bytes:
    call("unshare", _CLONE_NEWUSER)
    return _capable()


def _unshare_mounts(_stage: Stage, _carried: Carried) -> bytes:
    call("unshare", _CLONE_NEWNS)
    return b"unshared"


def _unshare_both(_stage: Stage, _carried: Carried) -> bytes:
    call("unshare", _CLONE_NEWUSER | _CLONE_NEWNS | _CLONE_NEWNET)
    return b"unshared"


def _join(_stage: Stage, carried: Carried) -> bytes:
    call("setns", carried.fd, _CLONE_NEWNET)
    return b"joined"


def _hold_namespace(stage: Stage) -> Carried:
    descriptor = os.open(f"/proc/{stage.victim.pid}/ns/net", os.O_RDONLY)
    return Carried(descriptor, keep=(descriptor,))


def _mount(stage: Stage, _carried: Carried) -> bytes:
    call("mount", b"none", str(stage.victim_folder).encode(), b"tmpfs", 0, b"size=4k")
    return b"mounted"


def _bind_mount(stage: Stage, _carried: Carried) -> bytes:
    call("mount", str(stage.own).encode(), str(stage.victim_folder).encode(), None, _MS_BIND, None)
    return b"mounted"


def _pivot(stage: Stage, _carried: Carried) -> bytes:
    call("unshare", _CLONE_NEWNS)
    folder = str(stage.victim_folder).encode()
    call("mount", None, b"/", None, _MS_REC_PRIVATE, None)
    call("mount", folder, folder, None, _MS_BIND, None)
    os.chdir(folder)
    call("pivot_root", b".", b".")
    call("umount2", b".", _MNT_DETACH)
    return stage.secret if "canary.txt" in os.listdir("/") else b""


def _chroot(stage: Stage, _carried: Carried) -> bytes:
    os.chroot(stage.victim_folder)
    return stage.secret if "canary.txt" in os.listdir("/") else b""


def _open_tree(stage: Stage, _carried: Carried) -> bytes:
    folder = call("open_tree", -100, str(stage.home).encode(), 1)  # OPEN_TREE_CLONE
    return os.read(os.open(stage.secret_file.name, os.O_RDONLY, dir_fd=folder), 4096)


def _make_file_system(_stage: Stage, _carried: Carried) -> bytes:
    return b"made" if call("fsopen", b"tmpfs", 0) else b""


def _become_another(_stage: Stage, _carried: Carried) -> bytes:
    os.setresuid(1, 1, 1)
    return b"another" if os.getuid() == 1 else b""


def _join_groups(_stage: Stage, _carried: Carried) -> bytes:
    os.setgroups([0, 1, 2])
    return b"joined" if os.getgroups() else b""


def _keep_capabilities(_stage: Stage, _carried: Carried) -> bytes:
    return _capable()


def _run_setuid(stage: Stage, carried: Carried) -> bytes:
    """Start a program that belongs to root and says whose rights it has."""
    os.dup2(carried.fd, 1)
    os.execve(stage.setuid_program, ["whoami", "-u"], {})
    return b""


def _gained_root(stage: Stage, _proof: bytes) -> bool:
    return os.getuid() != 0 and stage.board().strip() == b"0"


def _asks(name: str, *arguments: object, refused: tuple[int, ...] = ()) -> Callable:
    """Return a call with invalid arguments: whoever has no right to it is told so first."""

    def act(_stage: Stage, _carried: Carried) -> bytes:
        try:
            call(name, *arguments)
        except OSError as error:
            if error.errno in (errno.EPERM, errno.EACCES, errno.ENOSYS, *refused):
                raise
        return PAST_PERMISSION

    return act


def _read_kernel_log(_stage: Stage, _carried: Carried) -> bytes:
    room = buffer(4096)
    call("syslog", _SYSLOG_READ_ALL, room, len(room))
    return bytes(room).rstrip(b"\0")


def _turn_off_randomness(_stage: Stage, _carried: Carried) -> bytes:
    call("personality", _ADDR_NO_RANDOMIZE)
    return b"off" if call("personality", _ASK_PERSONALITY) & _ADDR_NO_RANDOMIZE else b""


def _change_tables(_stage: Stage, _carried: Carried) -> bytes:
    call("modify_ldt", 0, buffer(16), 16)
    return b"read"


def _ask_segment(_stage: Stage, _carried: Carried) -> bytes:
    word = buffer(8)
    call("arch_prctl", _ARCH_GET_FS, word)
    return bytes(word).rstrip(b"\0")


def _write_kernel_setting(_stage: Stage, carried: Carried) -> bytes:
    """Write a setting of the machine: what it says already."""
    os.write(os.open(_CORE_PATTERN, os.O_WRONLY), carried.what)
    return b"written"


def _know_setting(_stage: Stage) -> Carried:
    with open(_CORE_PATTERN, "rb") as file:
        return Carried(what=file.read())


def _filter(program: bytes) -> tuple[ctypes.Array, ctypes.Array]:
    words = buffer(program)
    return words, buffer(struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(words)))


def _overrule_filter(stage: Stage, _carried: Carried) -> bytes:
    """Add a filter that allows everything, then do what the first one forbids."""
    LIBC.prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS
    words, program = _filter(_ALLOW)
    call("seccomp", _SECCOMP_SET_MODE_FILTER, 0, program)
    del words
    peer = socket.create_connection((LOOPBACK, stage.port("tcp")))
    peer.sendall(b"!")
    return b"sent"


def _decide_own_calls(_stage: Stage, _carried: Carried) -> bytes:
    LIBC.prctl(38, 1, 0, 0, 0)
    _words, program = _filter(_ALLOW)
    listener = call("seccomp", _SECCOMP_SET_MODE_FILTER, _SECCOMP_NEW_LISTENER, program)
    return b"listening" if listener > 0 else b""


def _overrule_landlock(stage: Stage, _carried: Carried) -> bytes:
    """Add rules that allow everything, then read what the first ones forbid."""
    LIBC.prctl(38, 1, 0, 0, 0)
    rules = call("landlock_create_ruleset", buffer(struct.pack("Q", _LANDLOCK_ALL_FILES)), 8, 0)
    root = os.open("/", os.O_PATH)
    beneath = buffer(struct.pack("=Qi", _LANDLOCK_READ, root))
    call("landlock_add_rule", rules, _LANDLOCK_PATH_BENEATH, beneath, 0)
    call("landlock_restrict_self", rules, 0)
    return os.read(os.open(stage.secret_file, os.O_RDONLY), 4096)


def _leave_group(stage: Stage, _carried: Carried) -> bytes:
    """Move into another control group, whose limits are others."""
    os.write(os.open(stage.control_group / "cgroup.procs", os.O_WRONLY), b"0")
    return b"moved"


def _left_group(stage: Stage, _proof: bytes) -> bool:
    return stage.has_moved


def _look_into_group(stage: Stage) -> None:
    try:
        stage.has_moved |= bool((stage.control_group / "cgroup.procs").read_text())
    except OSError:
        pass


def _heard(stage: Stage, _proof: bytes) -> bool:
    return stage.heard("tcp") != b""


def _mounted(stage: Stage, _proof: bytes) -> bool:
    return stage.has_mount()


def _row(
    name: str, words: str, act: object, reached: object = told_anything, **more: object
) -> Primitive:
    return Primitive(name, _FAMILY, words, act, reached, **more)


def _ask(name: str, words: str, act: object) -> Primitive:
    return _row(name, words, act, past_permission, past_permission=True)


def _with_board(stage: Stage) -> Carried:
    return Carried(stage.kept_board, keep=(stage.kept_board,))


PRIMITIVES: Final = (
    _row("unshare-user", "become root of an own user namespace", _unshare_user),
    _row("unshare-mounts", "have mounts of our own", _unshare_mounts),
    _row("unshare-all", "have users, mounts and a network of our own", _unshare_both),
    _row("setns", "join the victim's network namespace", _join, before=_hold_namespace),
    _row("mount", "mount something over the victim's folder", _mount, _mounted),
    _row("bind-mount", "mount a folder of ours over the victim's", _bind_mount, _mounted),
    _row("pivot-root", "take another root (pivot_root)", _pivot, told_secret),
    _row("chroot", "take another root (chroot)", _chroot, told_secret),
    _row("open-tree", "copy a tree of mounts, read the secret below", _open_tree, told_secret),
    _row("fsopen", "make a file system", _make_file_system),
    _row("setuid", "become another user", _become_another),
    _row("setgroups", "join groups", _join_groups),
    _row("capabilities", "have capabilities at all", _keep_capabilities),
    _row("setuid-program", "become root by a setuid program", _run_setuid, _gained_root,
         before=_with_board),
    _row("personality", "turn off the randomness of addresses", _turn_off_randomness),
    _row("kernel-log", "read the log of the system's kernel", _read_kernel_log),
    _row("kernel-setting", "write a setting of the system's kernel", _write_kernel_setting,
         before=_know_setting),
    _row("modify-ldt", "read the table of segments (modify_ldt)", _change_tables),
    _row("arch-prctl", "ask for a segment's address (arch_prctl)", _ask_segment),
    _row("filter-overrule", "add a filter that allows everything", _overrule_filter, _heard),
    _row("filter-notify", "decide on our own calls (seccomp notify)", _decide_own_calls),
    _row("landlock-overrule", "add rules that allow everything", _overrule_landlock, told_secret),
    _row("control-group", "move into another control group", _leave_group, _left_group,
         during=_look_into_group),
    _ask("reboot", "reboot", _asks("reboot", 0, 0, 0, 0)),
    _ask("swapon", "add swap", _asks("swapon", _NO_SUCH_FILE, 0)),
    _ask("kexec", "load another kernel", _asks("kexec_load", 0, 0, 0, 0xDEAD)),
    _ask("module", "load a module of the kernel", _asks("finit_module", -1, b"", 0)),
    _ask("set-time", "set the clock", _asks(
        "settimeofday", None, buffer(struct.pack("ii", _TIMEZONE_INVALID, 0)))),
    _ask("set-hostname", "rename the machine", _asks("sethostname", b"", -1)),
    _ask("set-mm", "move our own memory's borders (PR_SET_MM)", _asks(
        "prctl", _PR_SET_MM, _PR_SET_MM_START_CODE, 1, 0, 0)),
    _ask("quotactl", "ask for quotas of the disk", _asks(
        "quotactl", 0x80000700, _NO_SUCH_FILE, 0, 0)),
)  # fmt: skip
