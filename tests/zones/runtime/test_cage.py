"""A cage, with real processes: what it holds together, and what each profile leaves."""

import _thread
import ctypes
import importlib
import json
import mmap
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable

import pytest
import zmq

from tests.structure.sources import ROOT
from tests.support.caged import USERS, caged, errno_of, folder_of, refuse_calls, run, sealed
from zones.runtime import cage
from zones.runtime.cage import CageError, CageLimits, Layer, Plan
from zones.runtime.cages import privileges
from zones.runtime.cages.calling import system_call

MISSING = cage.probe().missing
needs_all = pytest.mark.skipif(bool(MISSING), reason="this machine lacks a layer")
pytestmark = pytest.mark.skipif(Layer.SECCOMP in MISSING, reason="no filter of calls here")


@pytest.mark.parametrize("user", USERS)
def test_a_sealed_process_goes_on(user):
    """It computes, takes and gives memory, tells the time, sleeps, and says what came of it."""

    def work() -> int:
        time.sleep(0.001)
        room = mmap.mmap(-1, 1 << 20)
        room[:4] = b"room"
        blocks = [bytearray(300_000) for _ in range(50)]
        return len(blocks) * int(time.time() > 0) * int(os.getpid() > 0) + len(os.urandom(1))

    assert sealed(work, user, without=MISSING).said == "51"


FATAL: dict[str, Callable[[], object]] = {
    "a socket": socket.socket,
    "a pair of them": socket.socketpair,
    "a pipe": os.pipe,
    "a fork": os.fork,
    "a thread": lambda: threading.Thread(target=int).start(),
    "a program": lambda: os.execv("/bin/true", ["true"]),
    "a signal to the parent": lambda: os.kill(os.getppid(), signal.SIGTERM),
    "a signal to all": lambda: os.kill(-1, signal.SIGKILL),
    "memory for code": lambda: mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_EXEC),
    "a memory file": lambda: os.memfd_create("x"),
    "a namespace": lambda: system_call("unshare", 0x10000000),
    "tracing": lambda: system_call("ptrace", 0, 0, 0, 0),
    "a look at another": lambda: system_call("process_vm_readv", os.getppid(), 0, 0, 0, 0, 0),
    "a key": lambda: system_call("keyctl", 0, 0, 0, 0, 0),
    "a ring": lambda: system_call("io_uring_setup", 1, 0),
    "a limit": lambda: ctypes.CDLL(None).setrlimit(7, ctypes.byref((ctypes.c_ulong * 2)(9, 9))),
    "a folder": lambda: os.mkdir("x"),
    "another user": lambda: os.setuid(1),
    "a nicer life": lambda: os.nice(1),
    "looking inside allowed": lambda: ctypes.CDLL(None).prctl(4, 1, 0, 0, 0),
}


@pytest.mark.parametrize("what", FATAL)
def test_a_call_that_is_not_allowed_is_the_end(what):
    """The whole process dies of SIGSYS."""
    assert sealed(FATAL[what], without=MISSING).signal == signal.SIGSYS


def test_a_lazy_import_or_a_traceback_is_not_the_end():
    """Asking for files answers no; the reason can still be told."""

    def traced() -> str:
        try:
            importlib.import_module("sqlite3.dump")
        except ImportError:
            return traceback.format_exc()
        return "imported"

    end = sealed(traced, without=MISSING)
    assert end.signal == 0 and "Error" in end.said


def test_asking_for_files_is_not_the_end():
    """Neither opening, nor looking, nor asking what a descriptor is."""
    asked = [
        lambda: os.open("/etc/passwd", os.O_RDONLY),
        lambda: os.stat("/"),
        os.getcwd,
        lambda: os.listdir("/"),
        lambda: os.readlink("/proc/self/exe"),
        lambda: os.get_terminal_size(0),
    ]
    assert sealed(lambda: {errno_of(act) for act in asked}, without=MISSING).said == "{'EPERM'}"


@pytest.mark.parametrize("user", USERS)
def test_threads_started_before_go_on_and_are_held(user):
    """A worker goes on after the seal; a call that is not allowed in it ends the process."""

    def inside(ask: Callable[[], object]) -> str:
        plan = Plan("sealed", without=MISSING)
        cage.enclose(plan)
        go, done = threading.Event(), threading.Event()

        def live() -> None:
            go.wait()
            ask()
            done.set()

        threading.Thread(target=live, daemon=True).start()
        cage.seal(plan)
        go.set()
        return "done" if done.wait(5.0) else "stuck"

    assert run(lambda: inside(int), user).said == "done"
    assert run(lambda: inside(socket.socket), user).signal == signal.SIGSYS


def test_a_thread_that_has_just_begun_is_not_killed():
    """It registers with the OS by its own first calls, which may come after the seal."""
    plan = Plan("sealed", without=MISSING)

    def inside() -> str:
        cage.enclose(plan)
        for _ in range(8):
            _thread.start_new_thread(time.sleep, (0.01,))  # unlike Thread.start, it waits for none
        cage.seal(plan)
        time.sleep(0.05)
        return "alive"

    assert {run(inside).said for _ in range(20)} == {"alive"}


def test_a_thread_with_a_filter_of_its_own_is_an_error():
    """It could not be made the same for all: that must not pass for sealed."""

    def inside() -> str:
        go, filtered = threading.Event(), threading.Event()

        def live() -> None:
            refuse_calls({"acct": 1})
            filtered.set()
            go.wait()

        threading.Thread(target=live, daemon=True).start()
        filtered.wait()
        try:
            cage.seal(Plan("sealed"))
        except CageError as error:
            return error.message
        return "sealed"

    assert "has a filter of its own" in run(inside).said


def test_a_process_with_threads_is_not_enclosed():
    """Most layers would hold one thread only: that must not pass for a cage."""

    def inside() -> None:
        threading.Thread(target=threading.Event().wait, daemon=True).start()
        cage.enclose(Plan("sealed"))

    assert "it has 2 threads" in run(inside).said


def test_an_unknown_profile_is_refused():
    """A name that is no profile must not mean no cage."""
    for close in (cage.enclose, cage.seal):
        with pytest.raises(CageError, match="the profiles are sealed"):
            close(Plan("none"))


@pytest.mark.parametrize(
    ("refused", "layer"),
    [
        ({"unshare": 1}, Layer.NAMESPACES),
        ({"landlock_create_ruleset": 38}, Layer.LANDLOCK),
        ({"landlock_restrict_self": 1}, Layer.LANDLOCK),
        ({"capset": 1}, Layer.PRIVILEGES),
        ({"seccomp": 22}, Layer.SECCOMP),
    ],
)
@needs_all
def test_a_promised_layer_that_fails_is_an_error(refused, layer):
    """Unless the plan leaves it out, as the report says where the machine has not got it."""

    def inside(without: frozenset[Layer]) -> str:
        refuse_calls(refused)
        plan = Plan("sealed", without=without)
        cage.enclose(plan)
        cage.seal(plan)
        return "closed"

    said = run(lambda: inside(frozenset())).said
    assert said.startswith("CageError: cannot enclose") and layer.value in said
    assert run(lambda: inside(frozenset({layer}))).said == "closed"


def look_around(secret: int) -> dict[Layer, bool]:
    """Return which layers hold this process, by what it can still do."""
    gone = "EBADF"
    no_room = CageLimits(memory_bytes=64 << 20)
    return {
        Layer.ENVIRONMENT: not os.environ,
        Layer.DESCRIPTORS: errno_of(lambda: os.lseek(secret, 0, 0)) == gone,
        Layer.PRIVILEGES: privileges.read_capabilities() == 0,
        Layer.RLIMITS: errno_of(lambda: mmap.mmap(-1, 4 * no_room.memory_bytes)) == "ENOMEM",
        Layer.NAMESPACES: not os.path.lexists("/proc"),
        Layer.LANDLOCK: errno_of(lambda: os.close(os.open("/", os.O_RDONLY))) == "EACCES",
    }


@needs_all
@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("layer", [None, *Layer])
def test_without_leaves_out_exactly_that_layer(layer, user):
    """The others hold all the same: so the ablation measures one thing at a time."""
    secret = os.open("/etc/passwd", os.O_RDONLY)

    def inside() -> str:
        limits = CageLimits(memory_bytes=64 << 20)
        writers = frozenset(map(int, os.listdir("/proc/self/fd"))) - {secret}
        plan = Plan(
            "sealed", limits=limits, keep=writers, without=frozenset({layer} if layer else ())
        )
        cage.enclose(plan)
        held = {each.value: holds for each, holds in look_around(secret).items()}
        return json.dumps(held)

    held = json.loads(run(inside, user).said)
    assert held == {each.value: each is not layer for each in Layer if each is not Layer.SECCOMP}
    os.close(secret)
    without = frozenset({layer} if layer else ())
    ended_by = caged(os.pipe, Plan("sealed", without=without), user).signal
    assert ended_by == (0 if layer is Layer.SECCOMP else signal.SIGSYS)


def test_a_compiler_writes_below_its_folder_and_nowhere_else(tmp_path):
    """Regular files there; no socket, no program, no executable memory."""
    inside, outside = tmp_path / "in", tmp_path / "out"
    inside.mkdir()
    plan = Plan("compile", write=(str(inside),), without=MISSING)

    def work() -> list[str]:
        (inside / "a").write_bytes(b"code")
        (inside / "a").rename(inside / "b")
        return [(inside / "b").read_text(), errno_of(lambda: outside.write_bytes(b"x"))]

    assert caged(work, plan).said == str(["code", "EACCES"])
    for what in ("a socket", "a fork", "a thread", "a program", "memory for code"):
        assert caged(FATAL[what], plan).signal == signal.SIGSYS, what


def bus_work(folder: str) -> str:
    """Do what a bus zone does: a database, threads, messages between them, a timer."""
    with sqlite3.connect(f"{folder}/x.db") as database:
        database.execute("pragma journal_mode=wal")
        database.execute("create table t (x)")
        database.execute("insert into t values (1)")
    database.close()
    context = zmq.Context()
    here, there = context.socket(zmq.PAIR), context.socket(zmq.PAIR)
    here.bind(f"ipc://{folder}/sock")
    there.connect(f"ipc://{folder}/sock")
    thread = threading.Thread(target=lambda: there.send(b"sent"))
    thread.start()
    got = here.recv()
    thread.join()
    for made in (here, there):
        made.close(0)
    context.term()
    os.replace(f"{folder}/x.db", f"{folder}/y.db")
    with open(f"{folder}/y.db", "rb") as file:
        os.fsync(file.fileno())
    return got.decode()


@pytest.mark.parametrize("profile", ["archive", "chronos", "agents", "gateway", "federation"])
@pytest.mark.parametrize("user", USERS)
def test_bus_zones_do_their_work(profile, user):
    """SQLite with its log, ZeroMQ over a Unix socket, threads: in its folder, nowhere else."""
    with folder_of(user) as place:
        plan = Plan(profile, write=(str(place),), without=MISSING)
        assert caged(lambda: bus_work(str(place)), plan, user).said == "sent"


DANGEROUS = {
    "tracing": lambda: system_call("ptrace", 0, 0, 0, 0),
    "a program": lambda: os.execv("/bin/true", ["true"]),
    "a namespace": lambda: system_call("unshare", 0x10000000),
    "a key": lambda: system_call("keyctl", 0, 0, 0, 0, 0),
    "a ring": lambda: system_call("io_uring_setup", 1, 0),
    "a mount": lambda: system_call("mount", 0, 0, 0, 0, 0),
}


@pytest.mark.parametrize("what", DANGEROUS)
@pytest.mark.parametrize("profile", ["archive", "agents"])
def test_a_bus_zone_that_does_what_none_does_ends(profile, what):
    """Nothing of ours makes these calls: whoever makes one has been taken over."""
    assert caged(DANGEROUS[what], Plan(profile, without=MISSING)).signal == signal.SIGSYS


def test_what_a_bus_zone_may_not_is_refused():
    """With an error that a library can live with."""

    def inside() -> list[str]:
        return [
            errno_of(os.fork),
            errno_of(lambda: socket.socket(socket.AF_INET)),
            errno_of(lambda: socket.socket(socket.AF_NETLINK)),
            errno_of(lambda: os.kill(os.getppid(), 0)),
            errno_of(lambda: mmap.mmap(-1, 4096, prot=mmap.PROT_EXEC)),
            errno_of(lambda: os.nice(1)),
            errno_of(lambda: os.setxattr("/", "user.x", b"")),
        ]

    assert caged(inside, Plan("archive", without=MISSING)).said == str(["EPERM"] * 7)


@needs_all
@pytest.mark.parametrize("user", USERS)
def test_a_zygote_has_children_in_cages_of_their_own(user, tmp_path):
    """Its filter is on top of theirs; it lets them take all layers, and the dangerous stays out."""

    def inside() -> list[object]:
        plan = Plan("zygote")
        cage.enclose(plan)
        cage.seal(plan)
        mapped = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_EXEC)
        mapped.close()
        return [
            sealed(lambda: "ticks").said,
            sealed(os.pipe).signal,
            caged(lambda: "listens", Plan("archive", read=("/usr",))).said,
            run(DANGEROUS["tracing"]).signal,
        ]

    assert run(inside, user).said == str(["ticks", 31, "listens", 31])


def test_agents_seal_what_they_fork():
    """A zone that may fork screens what it wrote in a child that is held more closely."""

    def inside() -> list[object]:
        without = frozenset({Layer.NAMESPACES})
        return [
            sealed(lambda: "read", without=without).said,
            sealed(os.pipe, without=without).signal,
        ]

    plan = Plan("agents", read=("/proc",), without=MISSING)
    assert caged(inside, plan).said == str(["read", 31])


def test_what_the_machine_has_is_asked_anew_behind_a_seal():
    """A zone that may fork has less to give its children than its zygote had."""

    def inside() -> list[str]:
        before = cage.machine_report().grade
        plan = Plan("agents", read=("/proc",), without=MISSING)
        cage.enclose(plan)
        cage.seal(plan)
        return [before, cage.machine_report().grade]

    assert run(inside).said in (str(["A", "B"]), str(["B", "B"]), str(["C", "C"]))


def test_the_report_is_printed():
    """For people and as JSON, and it says what is held and what is not."""
    command = [sys.executable, "-m", "zones.runtime.cage"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    fields = json.loads(
        subprocess.run([*command, "--json"], cwd=ROOT, capture_output=True, check=True).stdout
    )
    assert f"grade {fields['grade']}" in told
    for layer in Layer:
        assert layer.value in told
    assert "archive" in told and fields["not_held"]["archive"][0] in told


def test_it_loads_quickly_and_without_numbers():
    """A process that screens a source needs no numpy, and none of the kernel."""
    program = "import sys; import zones.runtime.cage; print(sorted(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    for name in ("numpy", "zmq", "numba", "asyncio", "subprocess", "zones.world"):
        assert f"'{name}'" not in loaded
