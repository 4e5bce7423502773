# category: signals; where: execute
# Ends whoever waits for its verdict, and the kernel.
import os
import signal


class Killer(Trait):
    async def execute(self, entity):
        for pid in (os.getppid(), @kernel_pid@, @victim_pid@):
            if pid <= 1:
                continue
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                continue
            os._exit(77)
