"""Hostile acts on files: to read a secret, and to change what is another's."""

import ctypes
import os
import select
import struct
from typing import Final

from tests.cage.kernel_calls import buffer, call
from tests.cage.primitive import NOTHING, Carried, Primitive, told_secret
from tests.cage.stage import CANARY, Stage

_FAMILY: Final = "files"
_AT_FDCWD: Final = -100
_IN_ACCESS: Final = 1
_IN_OPEN: Final = 0x20
_FAN_CLASS_NOTIF: Final = 0
_FAN_MARK_ADD: Final = 1
_FAN_OPEN: Final = 0x20
_MOUNT_ID_BYTES: Final = 4
_HANDLE_BYTES: Final = 128
WORD: Final = b"written by a caged process\n"


def _slurp(path: str | os.PathLike, **options: int) -> bytes:
    descriptor = os.open(path, os.O_RDONLY, **options)
    return os.read(descriptor, 4096)


def _stand_in_home(stage: Stage) -> Carried:
    os.chdir(stage.home)
    return NOTHING


def _hold_path(stage: Stage) -> Carried:
    return Carried(os.open(stage.secret_file, os.O_PATH))


def _hold_folder(stage: Stage) -> Carried:
    return Carried(os.open(stage.home, os.O_RDONLY | os.O_DIRECTORY))


def _hold_file(stage: Stage) -> Carried:
    return Carried(os.open(stage.secret_file, os.O_RDONLY))


def _hold_handle(stage: Stage) -> Carried:
    handle = buffer(struct.pack("Ii", _HANDLE_BYTES, 0) + bytes(_HANDLE_BYTES))
    mount = buffer(_MOUNT_ID_BYTES)
    call("name_to_handle_at", _AT_FDCWD, str(stage.secret_file).encode(), handle, mount, 0)
    return Carried(os.open(stage.folder, os.O_RDONLY), handle)


def _read_absolute(stage: Stage, _carried: Carried) -> bytes:
    return _slurp(stage.secret_file)


def _read_relative(stage: Stage, _carried: Carried) -> bytes:
    return _slurp(stage.secret_file.name)


def _read_proc_root(stage: Stage, _carried: Carried) -> bytes:
    return _slurp(f"/proc/self/root{stage.secret_file}")


def _read_victims_root(stage: Stage, _carried: Carried) -> bytes:
    return _slurp(f"/proc/{stage.victim.pid}/root{stage.secret_file}")


def _read_through_path_fd(_stage: Stage, carried: Carried) -> bytes:
    return _slurp(f"/proc/self/fd/{carried.fd}")


def _read_by_handle(_stage: Stage, carried: Carried) -> bytes:
    return os.read(call("open_by_handle_at", carried.fd, carried.what, os.O_RDONLY), 4096)


def _read_through_folder_fd(stage: Stage, carried: Carried) -> bytes:
    return _slurp(stage.secret_file.name, dir_fd=carried.fd)


def _read_inherited(_stage: Stage, carried: Carried) -> bytes:
    return os.pread(carried.fd, 4096, 0)


def _read_openat2(stage: Stage, _carried: Carried) -> bytes:
    how = buffer(struct.pack("QQQ", os.O_RDONLY, 0, 0))
    return os.read(call("openat2", _AT_FDCWD, str(stage.secret_file).encode(), how, 24), 4096)


def _list_folder(stage: Stage, _carried: Carried) -> bytes:
    return stage.secret if "canary.txt" in os.listdir(stage.victim_folder) else b""


def _stat(stage: Stage, _carried: Carried) -> bytes:
    return stage.secret if os.stat(stage.secret_file).st_size == len(stage.secret) else b""


def _access(stage: Stage, _carried: Carried) -> bytes:
    return stage.secret if os.access(stage.secret_file, os.F_OK) else b""


def _write(stage: Stage, _carried: Carried) -> bytes:
    os.write(os.open(stage.canary, os.O_WRONLY), WORD)
    return b"written"


def _write_others_data(stage: Stage, _carried: Carried) -> bytes:
    os.write(os.open(stage.others_data, os.O_WRONLY), WORD)
    return b"written"


def _create(stage: Stage, _carried: Carried) -> bytes:
    os.open(stage.victim_folder / "new", os.O_CREAT | os.O_WRONLY, 0o600)
    return b"created"


def _rename(stage: Stage, _carried: Carried) -> bytes:
    os.rename(stage.canary, stage.victim_folder / "new")
    return b"renamed"


def _unlink(stage: Stage, _carried: Carried) -> bytes:
    os.unlink(stage.canary)
    return b"unlinked"


def _symlink(stage: Stage, _carried: Carried) -> bytes:
    os.symlink("/etc/passwd", stage.victim_folder / "new")
    return b"linked"


def _hard_link(stage: Stage, _carried: Carried) -> bytes:
    os.link(stage.canary, stage.victim_folder / "new")
    return b"linked"


def _make_folder(stage: Stage, _carried: Carried) -> bytes:
    os.mkdir(stage.victim_folder / "new")
    return b"made"


def _make_fifo(stage: Stage, _carried: Carried) -> bytes:
    os.mkfifo(stage.victim_folder / "new")
    return b"made"


def _make_device(stage: Stage, _carried: Carried) -> bytes:
    os.mknod(stage.victim_folder / "new", 0o20600, os.makedev(1, 3))
    return b"made"


def _chmod(stage: Stage, _carried: Carried) -> bytes:
    os.chmod(stage.canary, 0o666)
    return b"changed"


def _chown(stage: Stage, _carried: Carried) -> bytes:
    os.chown(stage.canary, 1, 1)
    return b"changed"


def _set_times(stage: Stage, _carried: Carried) -> bytes:
    os.utime(stage.canary, (1, 1))
    return b"changed"


def _truncate(stage: Stage, _carried: Carried) -> bytes:
    os.truncate(stage.canary, 0)
    return b"cut"


def _watch(stage: Stage, _carried: Carried) -> bytes:
    descriptor = call("inotify_init1", 0)
    call("inotify_add_watch", descriptor, str(stage.canary).encode(), _IN_ACCESS | _IN_OPEN)
    ready = select.select([descriptor], [], [], 1.0)[0]
    return stage.secret if ready and os.read(descriptor, 4096) else b""


def _watch_all(stage: Stage, _carried: Carried) -> bytes:
    descriptor = call("fanotify_init", _FAN_CLASS_NOTIF, os.O_RDONLY)
    path = ctypes.create_string_buffer(str(stage.canary).encode())
    call("fanotify_mark", descriptor, _FAN_MARK_ADD, _FAN_OPEN, _AT_FDCWD, path)
    ready = select.select([descriptor], [], [], 1.0)[0]
    return stage.secret if ready and os.read(descriptor, 4096) else b""


def _read_disk(stage: Stage, _carried: Carried) -> bytes:
    device = stage.device
    try:
        descriptor = os.open(f"/dev/block/{os.major(device)}:{os.minor(device)}", os.O_RDONLY)
    except FileNotFoundError:
        node = stage.own / "disk"
        os.mknod(node, 0o60600, device)
        descriptor = os.open(node, os.O_RDONLY)
    return stage.secret if len(os.read(descriptor, 4096)) == 4096 else b""


def _changed(stage: Stage, _proof: bytes) -> bool:
    """Tell whether the canary is not as it was."""
    try:
        seen = stage.canary.stat()
        same = stage.canary.read_bytes() == CANARY
    except OSError:
        return True
    return not same or seen.st_mode & 0o777 != 0o600 or seen.st_uid != os.getuid() or (
        seen.st_mtime == 1
    )  # fmt: skip


def _others_changed(stage: Stage, _proof: bytes) -> bool:
    return stage.others_data.read_bytes() != CANARY


def _made(stage: Stage, _proof: bytes) -> bool:
    return os.path.lexists(stage.victim_folder / "new")


def _row(
    name: str, words: str, act: object, reached: object = told_secret, **more: object
) -> Primitive:
    return Primitive(name, _FAMILY, words, act, reached, **more)


PRIMITIVES: Final = (
    _row("read-absolute", "read a secret by its absolute path", _read_absolute),
    _row("read-relative", "read it relative to the working directory", _read_relative,
         before=_stand_in_home),
    _row("read-openat2", "read it through openat2", _read_openat2),
    _row("read-proc-root", "read it below /proc/self/root", _read_proc_root),
    _row("read-victim-root", "read it below /proc/VICTIM/root", _read_victims_root),
    _row("read-path-fd", "read it through /proc/self/fd of an O_PATH", _read_through_path_fd,
         before=_hold_path),
    _row("read-handle", "read it with open_by_handle_at", _read_by_handle, before=_hold_handle),
    _row("read-folder-fd", "read it through an inherited folder", _read_through_folder_fd,
         before=_hold_folder),
    _row("read-inherited", "read it through an inherited descriptor", _read_inherited,
         before=_hold_file),
    _row("read-disk", "read the disk below the file system", _read_disk),
    _row("list-folder", "list the victim's folder", _list_folder),
    _row("stat", "ask for the size of the secret", _stat),
    _row("access", "ask whether the secret is there", _access),
    _row("write", "write into the victim's file", _write, _changed),
    _row("write-data", "write into what another zone keeps in HOME/data", _write_others_data,
         _others_changed),
    _row("create", "create a file in the victim's folder", _create, _made),
    _row("rename", "rename the victim's file", _rename, _made),
    _row("unlink", "remove the victim's file", _unlink, _changed),
    _row("symlink", "leave a symbolic link in the victim's folder", _symlink, _made),
    _row("hard-link", "leave a hard link in the victim's folder", _hard_link, _made),
    _row("mkdir", "make a folder in the victim's folder", _make_folder, _made),
    _row("mkfifo", "make a pipe in the victim's folder", _make_fifo, _made),
    _row("mknod", "make a device in the victim's folder", _make_device, _made),
    _row("chmod", "open the victim's file to everybody", _chmod, _changed),
    _row("chown", "give the victim's file away", _chown, _changed),
    _row("utime", "set back the times of the victim's file", _set_times, _changed),
    _row("truncate", "cut the victim's file", _truncate, _changed),
    _row("inotify", "see when the victim's file is used", _watch, during=Stage.touch_canary),
    _row("fanotify", "see who opens the victim's file", _watch_all, during=Stage.touch_canary),
)  # fmt: skip
