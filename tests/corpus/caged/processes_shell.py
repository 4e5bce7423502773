# category: processes; where: execute
# Starts a program, by every function that Python has for it.
import os
import subprocess

COMMAND = "echo written > @victim_folder@/by-a-shell"


class Starter(Trait):
    async def execute(self, entity):
        for way in (
            lambda: os.system(COMMAND),
            lambda: subprocess.run(["/bin/sh", "-c", COMMAND], check=True),
            lambda: os.popen(COMMAND).read(),
            lambda: os.posix_spawn("/bin/sh", ["sh", "-c", COMMAND], {}),
        ):
            try:
                way()
            except OSError:
                continue
            os._exit(77)
