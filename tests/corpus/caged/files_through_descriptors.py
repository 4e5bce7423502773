# category: files; where: execute
# Whatever is open is read from, written to, and used as a folder.
import os


class Finder(Trait):
    async def execute(self, entity):
        for fd in range(1024):
            for flags in (os.O_RDONLY, os.O_RDWR):
                try:
                    found = os.open("@secret_name@", flags, dir_fd=fd)
                    os.read(found, 100)
                    os._exit(77)
                except OSError:
                    pass
                try:
                    if b"@secret_head@" in os.pread(fd, 65536, 0):
                        os._exit(77)
                except OSError:
                    pass
