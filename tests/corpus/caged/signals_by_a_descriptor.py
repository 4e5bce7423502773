# category: signals; where: execute
# Has its own descriptors send signals to the victim when something is written.
import fcntl
import os


class Trigger(Trait):
    async def execute(self, entity):
        for fd in range(8):
            try:
                fcntl.fcntl(fd, 10, 10)
                fcntl.fcntl(fd, fcntl.F_SETOWN, @victim_pid@)
                fcntl.fcntl(fd, fcntl.F_SETFL, os.O_ASYNC)
            except OSError:
                continue
            os._exit(77)
