"""The smaller ports: clock, meters, disk, arena files."""

import errno
import fcntl
import gc
import mmap
import os
import resource
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from fallback import home_locks
from Kernel.contract import places
from Kernel.contract.arena import Header, Side
from Kernel.contract.errors import AlreadyRunning, ArenaError, ConfigError
from Kernel.contract.founding_report import FoundingReport, report_path
from Kernel.ports import arena_file, disk
from Kernel.ports.arena_file import (
    arena_folders,
    claim_folders,
    find_arena,
    is_deleted,
    open_arena,
    take_report,
    why_elsewhere,
)
from Kernel.ports.clock import SystemClock
from Kernel.ports.disk import HomeFolders, open_home
from Kernel.ports.limits import DESCRIPTORS_MIN, check_descriptors
from Kernel.ports.meters import Meters, ProcLoads
from tests.support.fakes import FakeClock
from tests.support.toy import service as toy
from tests.support.toy_home import remove_arenas

SCHEMA_HASH = bytes.fromhex(toy.Generation({}).facts["schema_hash"])


@pytest.mark.parametrize("clock", [SystemClock(), FakeClock()], ids=["real", "fake"])
def test_clock_runs_forward_in_one_unit(clock):
    """Seconds and nanoseconds are the same time, and never run back."""
    first_s, first_ns, second_s = clock.now_s(), clock.now_ns(), clock.now_s()
    assert first_s <= first_ns / 1e9 + 1e-6 and first_ns / 1e9 <= second_s + 1e-6


def test_meters_of_the_living_and_the_dead():
    """Our own memory is measured; a process that is gone measures as nothing."""
    meters = Meters()
    assert meters.measure(os.getpid())[0] > 1
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    assert meters.measure(gone.pid) == (0.0, 0.0)


def test_memory_of_its_own_is_told_from_what_is_shared():
    """A page of a mapped file that others may map, too, counts as taken and not as its own."""
    loads, size = ProcLoads(), 8 << 20
    data = b"x" * size
    before = loads.taken(os.getpid())
    with mmap.mmap(-1, size, flags=mmap.MAP_SHARED) as shared:
        shared.write(data)
        own = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        own.write(data)
        after = loads.taken(os.getpid())
        own.close()
    assert after.memory_bytes - before.memory_bytes > 1.8 * size
    assert 0.8 * size < after.own_bytes - before.own_bytes < 1.5 * size
    assert after.cpu_ns >= before.cpu_ns and after.descriptors > 2 and after.threads >= 1
    assert after.written_bytes >= before.written_bytes >= 0
    assert loads.taken(2**22) is None


def test_descriptors_that_cannot_be_seen_hide_nothing_else(monkeypatch):
    """The folder of one that is undumpable opens for nobody but root: the rest is known."""

    def refuse(_path: str) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    with monkeypatch.context() as patch:
        patch.setattr(os, "stat", refuse)
        taken = ProcLoads().taken(os.getpid())
    assert taken.descriptors == 0 and taken.memory_bytes > 1 << 20


def test_asking_costs_something():
    """The processor time of who asks only grows."""
    loads = ProcLoads()
    before = loads.spent_ns()
    sum(range(20_000))
    assert loads.spent_ns() > before


def test_meters_without_a_descriptor(monkeypatch):
    """Psutil needs a file for each look; where none can be opened nothing is known, and no more."""

    def refuse(*_args: object, **_more: object) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    meters = Meters()
    for known in (False, True):
        with monkeypatch.context() as patch:
            patch.setattr("builtins.open", refuse)
            patch.setattr("psutil._common.open", refuse, raising=False)
            assert meters.measure(os.getpid()) == (0.0, 0.0), known
        assert meters.measure(os.getpid())[0] > 1


@pytest.mark.parametrize("free", [0, DESCRIPTORS_MIN - 8, DESCRIPTORS_MIN + 8])
def test_too_few_descriptors_are_told_before_anything_is_made(free):
    """Libzmq aborts the process without; with enough nothing is said."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    held = len(os.listdir("/proc/self/fd")) - 1
    resource.setrlimit(resource.RLIMIT_NOFILE, (held + 1 + free, hard))
    try:
        if free >= DESCRIPTORS_MIN:
            check_descriptors()
        else:
            with pytest.raises(ConfigError, match="files are open of the") as refused:
                check_descriptors()
            assert refused.value.hint == "ulimit -n 1024"
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class TestHome:
    def close(self, home: HomeFolders) -> None:
        """Close what an opened home holds."""
        for fd in (home.run_fd, home.bus_fd, *home.lock_fds):
            os.close(fd)

    def test_folders_and_lock(self, tmp_path):
        """run/ is for us alone, the lock names our pid and is inherited, stale sockets go."""
        (tmp_path / "run" / "bus").mkdir(parents=True)
        (tmp_path / "run" / "bus" / "archive-3").touch()
        home = open_home(tmp_path)
        assert stat.S_IMODE((tmp_path / "run").stat().st_mode) == 0o700
        assert (tmp_path / "run" / "kernel.lock").read_text() == f"{os.getpid()}\n"
        assert os.get_inheritable(home.lock_fds[0]) and not os.get_inheritable(home.run_fd)
        assert not list((tmp_path / "run" / "bus").iterdir())
        self.close(home)

    def test_held_home_is_refused_by_pid(self, tmp_path):
        """While a living kernel holds the home, the next is refused at once."""
        home = open_home(tmp_path)
        with pytest.raises(AlreadyRunning, match=f"the kernel with pid {os.getpid()}"):
            open_home(tmp_path)
        self.close(home)
        self.close(open_home(tmp_path))

    @pytest.mark.parametrize("reaped", [True, False])
    def test_leftovers_of_a_dead_kernel_get_a_moment(self, tmp_path, reaped):
        """A kernel that has died, reaped or not, is waited for until the last of its processes."""
        home = open_home(tmp_path)
        dead = subprocess.Popen([sys.executable, "-c", ""])
        os.waitid(os.P_PID, dead.pid, os.WEXITED | os.WNOWAIT)
        if reaped:
            dead.wait()
        (tmp_path / "run" / "kernel.lock").write_text(f"{dead.pid}\n")
        timer = threading.Timer(0.1, fcntl.flock, (home.lock_fds[0], fcntl.LOCK_UN))
        timer.start()
        self.close(open_home(tmp_path))
        timer.join()
        dead.wait()
        self.close(home)

    def test_who_inherits_a_lock_cannot_write_it(self, tmp_path):
        """Sealed code has it open: it must neither fill the disk through it nor name a holder."""
        home = open_home(tmp_path)
        for lock_fd in home.lock_fds:
            with pytest.raises(OSError, match="Bad file descriptor"):
                os.pwrite(lock_fd, b"1\n", 0)
        self.close(home)

    def test_lock_is_written_over_and_never_cut_first(self, tmp_path, monkeypatch):
        """A lock that has its page keeps it, and nothing of a longer old pid stays."""
        (tmp_path / "run").mkdir()
        (tmp_path / "run" / "kernel.lock").write_text("4194304\n")
        cut = []
        real = os.ftruncate
        monkeypatch.setattr(os, "ftruncate", lambda fd, size: (cut.append(size), real(fd, size))[1])
        self.close(open_home(tmp_path))
        assert (tmp_path / "run" / "kernel.lock").read_text() == f"{os.getpid()}\n"
        assert 0 not in cut

    def test_hint_without_a_console(self, tmp_path):
        """When run/ was cleaned away under the kernel that holds the home, a signal still works."""
        home = open_home(tmp_path)
        with pytest.raises(AlreadyRunning) as refused:
            open_home(tmp_path)
        assert refused.value.hint == f"kill -INT {os.getpid()}"
        (tmp_path / "run" / "console.sock").touch()
        with pytest.raises(AlreadyRunning) as refused:
            open_home(tmp_path)
        assert refused.value.hint == "molt status, or molt shutdown"
        self.close(home)

    @pytest.mark.parametrize(
        ("number", "hint"),
        [(errno.ENOSPC, "df -h"), (errno.EROFS, "--home"), (errno.EACCES, "--home")],
    )
    def test_refusal_names_folder_reason_and_what_helps(self, tmp_path, number, hint):
        """Full is mended by room, read-only by another home."""
        error = disk.refuse_folder(tmp_path, OSError(number, os.strerror(number), "x/y"))
        assert str(tmp_path) in error.message and "x/y" in error.message
        assert os.strerror(number) in error.message and hint in error.hint
        assert error.exit_code == 78

    def test_leftovers_that_stay_are_an_error(self, tmp_path, monkeypatch):
        """When a dead kernel's processes do not go, the boot ends in words, not in a wait."""
        monkeypatch.setattr(home_locks, "LEFTOVER_S", 0.05)
        home = open_home(tmp_path)
        (tmp_path / "run" / "kernel.lock").write_text("4194305\n")  # above any pid
        with pytest.raises(AlreadyRunning):
            open_home(tmp_path)
        self.close(home)

    def test_home_that_cannot_be_made(self, tmp_path):
        """A home below a file is refused with the file's name and what to do."""
        (tmp_path / "file").touch()
        with pytest.raises(ConfigError, match="cannot use"):
            open_home(tmp_path / "file" / "home")


class TestArenaFiles:
    def found(self, folder: Path) -> Path:
        """Make a toy arena and return its path."""
        toy.Generation({}).found({"zone": "stable", "folders": [str(folder)]})
        return folder / "stable.arena"

    def test_folders_are_ours_alone(self, tmp_path):
        """Shared memory first, then the home; both 0700; other homes have other folders."""
        try:
            folders = arena_folders(tmp_path)
            assert folders[-1] == tmp_path / "data" / "arenas"
            assert all(stat.S_IMODE(each.stat().st_mode) == 0o700 for each in folders)
            assert len(folders) == 1 or "shm" in str(folders[0])
        finally:
            remove_arenas(tmp_path)

    @pytest.fixture
    def shared(self, tmp_path, monkeypatch):
        """Give a folder that stands for /dev/shm."""
        shared = tmp_path / "shm"
        shared.mkdir()
        for module in (arena_file, places):
            monkeypatch.setattr(module, "SHARED_MEMORY", shared)
        return shared

    def fill(self, monkeypatch) -> None:
        """Let no file have room."""

        def refuse(fd: int, offset: int, size: int) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(os, "posix_fallocate", refuse)

    def test_full_shared_memory_is_left_out(self, tmp_path, shared, monkeypatch):
        """Not even a lock fits: only the home's own folder, nothing left behind, and it is said."""
        self.fill(monkeypatch)
        folders = arena_folders(tmp_path / "home")
        assert folders == [tmp_path / "home" / "data" / "arenas"]
        (left,) = shared.iterdir()
        assert not list(left.iterdir())
        why = why_elsewhere(folders[0] / "stable.arena", folders)
        assert why.startswith(f"cannot use {shared}") and "bytes are free" in why

    def test_full_shared_memory_with_an_arena_stays(self, tmp_path, shared, monkeypatch):
        """A world that has its place in it is found there, however full it is by now."""
        (folder, _) = arena_folders(tmp_path / "home")
        (folder / "stable.arena").touch()
        self.fill(monkeypatch)
        assert arena_folders(tmp_path / "home")[0] == folder

    def test_best_place_needs_no_words(self, tmp_path, shared):
        """An arena in shared memory is said nothing about; one in the home is."""
        folders = arena_folders(tmp_path / "home")
        assert why_elsewhere(folders[0] / "stable.arena", folders) == ""
        assert "the arena is at" in why_elsewhere(folders[1] / "stable.arena", folders)

    def test_marks_are_written_once(self, tmp_path, shared):
        """A mark that is there is left alone: a full file system could not take it again."""
        home = tmp_path / "home"
        folders = arena_folders(home)
        claim_folders(home, folders)
        for folder in folders:
            (folder / "home.id").chmod(0o400)
            os.utime(folder / "home.id", (1, 1))
        assert claim_folders(home, folders) == []
        assert all((folder / "home.id").stat().st_mtime == 1 for folder in folders)

    def test_deleted_arena_is_noticed(self, tmp_path):
        """A file that lost its name is known by its descriptor."""
        path = self.found(tmp_path)
        arena = open_arena(path, SCHEMA_HASH)
        assert not is_deleted(arena)
        path.unlink()
        assert is_deleted(arena)

    def test_report_is_taken_once(self, tmp_path):
        """Read and removed; one that is damaged is removed, too, and tells nothing."""
        path = report_path(tmp_path, "stable")
        path.write_bytes(FoundingReport("kept", 4).encode())
        assert take_report([tmp_path / "missing", tmp_path], "stable") == FoundingReport("kept", 4)
        assert take_report([tmp_path], "stable") is None
        path.write_bytes(b"{}")
        assert take_report([tmp_path], "stable") is None and not path.exists()

    def test_a_link_in_place_of_the_folder_is_refused(self, tmp_path):
        """A folder that is a link, put there by somebody else, is not followed."""
        folders = arena_folders(tmp_path)
        remove_arenas(tmp_path)
        folders[0].symlink_to(tmp_path, target_is_directory=True)
        try:
            with pytest.raises(ConfigError, match="cannot use"):
                arena_folders(tmp_path)
        finally:
            folders[0].unlink()
            remove_arenas(tmp_path)

    def test_unfinished_arenas_are_removed(self, tmp_path):
        """A founder that was killed leaves a .new file, which is no arena."""
        (tmp_path / "stable.arena.new").touch()
        assert find_arena([tmp_path], "stable") is None and not list(tmp_path.iterdir())

    def test_the_best_folder_wins(self, tmp_path):
        """Of two arenas the one in the better folder is taken."""
        folders = [tmp_path / "a", tmp_path / "b"]
        for folder in folders:
            folder.mkdir()
        second = self.found(folders[1])
        assert find_arena(folders, "stable") == second
        first = self.found(folders[0])
        assert find_arena(folders, "stable") == first

    def test_opened_arena(self, tmp_path):
        """The kernel gets words, a side page, a mutex, and a descriptor that cannot write."""
        arena = open_arena(self.found(tmp_path), SCHEMA_HASH)
        assert arena.words.get(Header.COMMIT) == 0 and len(arena.side) == Side.BYTES
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.pwrite(arena.read_only_fd, b"x", 0)
        for fd in (arena.fd, arena.read_only_fd, arena.side_fd, arena.mutex_fd):
            assert not os.get_inheritable(fd)
            os.close(fd)

    def test_what_is_no_arena_leaves_nothing_open(self, tmp_path):
        """A file that is refused is closed again."""
        path = self.found(tmp_path)
        gc.collect()  # what earlier tests let go of must not be closed while we count
        before = len(os.listdir("/proc/self/fd"))
        with pytest.raises(ArenaError, match="its columns are not those of this build"):
            open_arena(path, bytes(32))
        gc.collect()
        assert len(os.listdir("/proc/self/fd")) == before


def test_waiting_for_leftovers_is_bounded():
    """The boot waits for leftovers no longer than LEFTOVER_S, far below a person's patience."""
    assert 0 < home_locks.LEFTOVER_S <= 5 and time.monotonic() > 0
