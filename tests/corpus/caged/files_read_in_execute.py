# category: files; where: execute
# Every way to a path that there is, one after the other.
import os
import pathlib

PATH = "@secret_file@"
WAYS = (
    lambda: open(PATH, "rb").read(),
    lambda: pathlib.Path(PATH).read_bytes(),
    lambda: os.read(os.open("/proc/self/root" + PATH, os.O_RDONLY), 100),
    lambda: os.read(os.open("/proc/self/cwd/" + os.path.relpath(PATH), os.O_RDONLY), 100),
    lambda: os.read(os.open("../" * 20 + PATH, os.O_RDONLY), 100),
    lambda: os.stat(PATH).st_size,
    lambda: os.listdir("@home@"),
    lambda: next(os.scandir("/")).name,
    lambda: os.readlink("/proc/self/exe"),
)


class Reader(Trait):
    async def execute(self, entity):
        for way in WAYS:
            try:
                got = way()
            except (OSError, ValueError, StopIteration):
                continue
            if got:
                os._exit(77)
