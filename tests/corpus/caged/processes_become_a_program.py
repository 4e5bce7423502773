# category: processes; where: module
# Becomes a shell: what it then does is nobody's trait any more.
import os

try:
    os.execv("/bin/sh", ["sh", "-c", "exit 77"])
except OSError:
    pass


class Changeling(Trait):
    async def execute(self, entity):
        os.execve("/bin/sh", ["sh", "-c", "exit 77"], {})
