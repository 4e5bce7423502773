"""Hostile acts on other processes: their memory, their descriptors, their life."""

import ctypes
import fcntl
import os
import resource
import signal
import struct
import time
from collections.abc import Callable
from typing import Final

from tests.cage.kernel_calls import address, buffer, call
from tests.cage.primitive import Carried, Primitive, told_secret, told_victims_secret
from tests.cage.stage import Stage
from tests.cage.victim import TOUCHED

_FAMILY: Final = "other processes"
_PTRACE_ATTACH: Final = 16
_PTRACE_PEEKDATA: Final = 2
_PTRACE_SEIZE: Final = 0x4206
_SI_QUEUE: Final = -1
_F_SETSIG: Final = 10
_IOPRIO_WHO_PROCESS: Final = 1
_IOPRIO_IDLE: Final = 3 << 13
_KCMP_VM: Final = 1
_NICE: Final = 19  # beyond what the run itself may have been niced by
_FILES: Final = 777


def _attach(stage: Stage, _carried: Carried) -> bytes:
    pid = stage.victim.pid
    call("ptrace", _PTRACE_ATTACH, pid, 0, 0)
    os.waitpid(pid, 0)
    word = ctypes.c_long()
    got = b""
    for offset in range(0, 32, 8):
        call(
            "ptrace", _PTRACE_PEEKDATA, pid, stage.victim.secret_at + offset, ctypes.addressof(word)
        )
        got += bytes(word)
    return got


def _seize(stage: Stage, _carried: Carried) -> bytes:
    call("ptrace", _PTRACE_SEIZE, stage.victim.pid, 0, 0)
    word = ctypes.c_long()
    return b"seized" if not word.value else b""


def _vectors(stage: Stage, local: ctypes.Array, remote: int) -> tuple[ctypes.Array, ctypes.Array]:
    size = len(local)
    return (
        buffer(struct.pack("QQ", address(local), size)),
        buffer(struct.pack("QQ", remote, size)),
    )


def _read_memory(stage: Stage, _carried: Carried) -> bytes:
    room = buffer(32)
    here, there = _vectors(stage, room, stage.victim.secret_at)
    call("process_vm_readv", stage.victim.pid, here, 1, there, 1, 0)
    return bytes(room)


def _write_memory(stage: Stage, _carried: Carried) -> bytes:
    word = buffer(TOUCHED)
    here, there = _vectors(stage, word, stage.victim.word_at)
    call("process_vm_writev", stage.victim.pid, here, 1, there, 1, 0)
    return b"written"


def _read_proc_memory(stage: Stage, _carried: Carried) -> bytes:
    memory = os.open(f"/proc/{stage.victim.pid}/mem", os.O_RDONLY)
    return os.pread(memory, 32, stage.victim.secret_at)


def _write_proc_memory(stage: Stage, _carried: Carried) -> bytes:
    memory = os.open(f"/proc/{stage.victim.pid}/mem", os.O_WRONLY)
    os.pwrite(memory, TOUCHED, stage.victim.word_at)
    return b"written"


def _read_proc(name: str) -> Callable[[Stage, Carried], bytes]:
    def act(stage: Stage, _carried: Carried) -> bytes:
        return os.read(os.open(f"/proc/{stage.victim.pid}/{name}", os.O_RDONLY), 65536)

    return act


def _list_processes(stage: Stage, _carried: Carried) -> bytes:
    return stage.secret if str(stage.victim.pid) in os.listdir("/proc") else b""


def _read_its_descriptor(stage: Stage, _carried: Carried) -> bytes:
    path = f"/proc/{stage.victim.pid}/fd/{stage.victim.memfd}"
    return os.pread(os.open(path, os.O_RDONLY), 64, 0)


def _take_its_descriptor(stage: Stage, _carried: Carried) -> bytes:
    handle = call("pidfd_open", stage.victim.pid, 0)
    return os.pread(call("pidfd_getfd", handle, stage.victim.memfd, 0), 64, 0)


def _signal_by_handle(stage: Stage, _carried: Carried) -> bytes:
    handle = call("pidfd_open", stage.victim.pid, 0)
    call("pidfd_send_signal", handle, signal.SIGUSR1, None, 0)
    return b"sent"


def _kill(stage: Stage, _carried: Carried) -> bytes:
    os.kill(stage.victim.pid, signal.SIGUSR1)
    return b"sent"


def _kill_thread(stage: Stage, _carried: Carried) -> bytes:
    call("tgkill", stage.victim.pid, stage.victim.pid, signal.SIGUSR1)
    return b"sent"


def _information(stage: Stage) -> ctypes.Array:
    words = struct.pack("iiiiii", signal.SIGUSR1, 0, _SI_QUEUE, 0, os.getpid(), os.getuid())
    return buffer(words + bytes(128 - len(words)))


def _queue(stage: Stage, _carried: Carried) -> bytes:
    call("rt_sigqueueinfo", stage.victim.pid, signal.SIGUSR1, _information(stage))
    return b"sent"


def _queue_to_thread(stage: Stage, _carried: Carried) -> bytes:
    pid = stage.victim.pid
    call("rt_tgsigqueueinfo", pid, pid, signal.SIGUSR1, _information(stage))
    return b"sent"


def _kill_parent(_stage: Stage, _carried: Carried) -> bytes:
    os.kill(os.getppid(), signal.SIGUSR2)
    return b"sent"


def _own_pipe(_stage: Stage) -> Carried:
    reader, writer = os.pipe()
    return Carried(reader, writer, keep=(reader, writer))


def _signal_by_descriptor(stage: Stage, carried: Carried) -> bytes:
    """Have the system send a signal of our choice to the victim when our own pipe is written."""
    fcntl.fcntl(carried.fd, _F_SETSIG, signal.SIGUSR1)
    fcntl.fcntl(carried.fd, fcntl.F_SETOWN, stage.victim.pid)
    fcntl.fcntl(carried.fd, fcntl.F_SETFL, os.O_ASYNC)
    os.write(carried.what, b"!")
    return b"sent"


def _slow_down(stage: Stage, _carried: Carried) -> bytes:
    os.setpriority(os.PRIO_PROCESS, stage.victim.pid, _NICE)
    return b"set"


def _bind_to_core(stage: Stage, _carried: Carried) -> bytes:
    os.sched_setaffinity(stage.victim.pid, [min(os.sched_getaffinity(0))])
    return b"set"


def _change_policy(stage: Stage, _carried: Carried) -> bytes:
    os.sched_setscheduler(stage.victim.pid, os.SCHED_BATCH, os.sched_param(0))
    return b"set"


def _slow_its_disk(stage: Stage, _carried: Carried) -> bytes:
    call("ioprio_set", _IOPRIO_WHO_PROCESS, stage.victim.pid, _IOPRIO_IDLE)
    return b"set"


def _limit(stage: Stage, _carried: Carried) -> bytes:
    hard = resource.prlimit(0, resource.RLIMIT_NOFILE)[1]
    resource.prlimit(stage.victim.pid, resource.RLIMIT_NOFILE, (_FILES, hard))
    return b"set"


def _offer_to_the_killer(stage: Stage, _carried: Carried) -> bytes:
    descriptor = os.open(f"/proc/{stage.victim.pid}/oom_score_adj", os.O_WRONLY)
    os.write(descriptor, b"777")
    return b"set"


def _compare(stage: Stage, _carried: Carried) -> bytes:
    """Learn in which order two processes' memories lie in the system's own: an address leaks."""
    call("kcmp", os.getpid(), stage.victim.pid, _KCMP_VM, 0, 0)
    return stage.secret


def _read_robust_list(stage: Stage, _carried: Carried) -> bytes:
    head, size = buffer(8), buffer(8)
    call("get_robust_list", stage.victim.pid, head, size)
    return stage.secret if any(bytes(head)) else b""


def _signalled(stage: Stage, _proof: bytes) -> bool:
    time.sleep(0.002)
    return signal.SIGUSR1 in stage.victim.ask().get("signals", [])


def _parent_signalled(stage: Stage, _proof: bytes) -> bool:
    return bool(stage.signals)


def _word_changed(stage: Stage, _proof: bytes) -> bool:
    return stage.victim.ask().get("word") == TOUCHED.hex()


def _seized(stage: Stage, proof: bytes) -> bool:
    return proof == b"seized"


def _slowed(stage: Stage, _proof: bytes) -> bool:
    return os.getpriority(os.PRIO_PROCESS, stage.victim.pid) == _NICE


def _bound_to_core(stage: Stage, _proof: bytes) -> bool:
    return len(os.sched_getaffinity(stage.victim.pid)) < len(os.sched_getaffinity(0))


def _policy_changed(stage: Stage, _proof: bytes) -> bool:
    return os.sched_getscheduler(stage.victim.pid) == os.SCHED_BATCH


def _disk_slowed(stage: Stage, _proof: bytes) -> bool:
    return call("ioprio_get", _IOPRIO_WHO_PROCESS, stage.victim.pid) == _IOPRIO_IDLE


def _limited(stage: Stage, _proof: bytes) -> bool:
    return resource.prlimit(stage.victim.pid, resource.RLIMIT_NOFILE)[0] == _FILES


def _offered(stage: Stage, _proof: bytes) -> bool:
    with open(f"/proc/{stage.victim.pid}/oom_score_adj", encoding="ascii") as file:
        return file.read().strip() == "777"


def _row(name: str, words: str, act: object, reached: object, **more: object) -> Primitive:
    return Primitive(name, _FAMILY, words, act, reached, **more)


PRIMITIVES: Final = (
    _row("ptrace", "attach to the victim and read its memory", _attach, told_victims_secret),
    _row("ptrace-seize", "seize the victim", _seize, _seized),
    _row("vm-readv", "read its memory with process_vm_readv", _read_memory, told_victims_secret),
    _row("vm-writev", "write its memory with process_vm_writev", _write_memory, _word_changed),
    _row("proc-mem-read", "read its memory through /proc", _read_proc_memory,
         told_victims_secret),
    _row("proc-mem-write", "write its memory through /proc", _write_proc_memory, _word_changed),
    _row("proc-environ", "read its environment through /proc", _read_proc("environ"),
         told_secret),
    _row("proc-maps", "see where its memory lies", _read_proc("maps"),
         lambda _stage, proof: b"[stack]" in proof or b".so" in proof),
    _row("proc-cmdline", "read its command line", _read_proc("cmdline"),
         lambda _stage, proof: bool(proof)),
    _row("proc-list", "see that it is there", _list_processes, told_secret),
    _row("proc-fd", "open its descriptor through /proc", _read_its_descriptor,
         told_victims_secret),
    _row("pidfd-getfd", "take its descriptor with pidfd_getfd", _take_its_descriptor,
         told_victims_secret),
    _row("pidfd-signal", "signal it by pidfd_send_signal", _signal_by_handle, _signalled),
    _row("kill", "signal it by kill", _kill, _signalled),
    _row("tgkill", "signal its thread by tgkill", _kill_thread, _signalled),
    _row("sigqueue", "signal it by rt_sigqueueinfo", _queue, _signalled),
    _row("tgsigqueue", "signal its thread by rt_tgsigqueueinfo", _queue_to_thread, _signalled),
    _row("sigio", "have a descriptor of our own signal it (F_SETOWN)", _signal_by_descriptor,
         _signalled, before=_own_pipe),
    _row("kill-parent", "signal the parent", _kill_parent, _parent_signalled),
    _row("setpriority", "slow it down (setpriority)", _slow_down, _slowed),
    _row("affinity", "bind it to one core (sched_setaffinity)", _bind_to_core, _bound_to_core),
    _row("scheduler", "change its policy (sched_setscheduler)", _change_policy, _policy_changed),
    _row("ioprio", "slow down its disk (ioprio_set)", _slow_its_disk, _disk_slowed),
    _row("prlimit", "change its limits (prlimit)", _limit, _limited),
    _row("oom-score", "have it killed first when memory is short", _offer_to_the_killer,
         _offered),
    _row("kcmp", "compare our memory with its (kcmp)", _compare, told_secret),
    _row("robust-list", "learn an address of its (get_robust_list)", _read_robust_list,
         told_secret),
)  # fmt: skip
