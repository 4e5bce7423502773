# category: greed; where: execute
# Stops, and waits to be continued.
import os
import signal


class Stopper(Trait):
    async def execute(self, entity):
        signal.raise_signal(signal.SIGSTOP)
