# category: memory of others; where: execute
# Looks into others where the OS shows them.
import os

PLACES = ("mem", "environ", "maps", "cmdline", "fd/0", "root/etc/passwd", "cwd/README.md")


class Looker(Trait):
    async def execute(self, entity):
        for pid in ("self", os.getppid(), @kernel_pid@, @victim_pid@):
            for place in PLACES:
                try:
                    fd = os.open(f"/proc/{pid}/{place}", os.O_RDONLY)
                except OSError:
                    continue
                os._exit(77)
