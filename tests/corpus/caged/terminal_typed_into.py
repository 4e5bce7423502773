# category: machinery; where: execute
# Types a command into whatever terminal there is.
import fcntl
import os
import termios


class Typist(Trait):
    async def execute(self, entity):
        for fd in range(64):
            try:
                fcntl.ioctl(fd, termios.TIOCSTI, b"\n")
            except OSError:
                continue
            os._exit(77)
