# category: greed; where: execute
# Does nothing, for ever.
import time


class Sleeper(Trait):
    async def execute(self, entity):
        time.sleep(1e6)
