# category: processes; where: execute
# Forks, at most 64 times: each child is one too many.
import os


class Bomb(Trait):
    async def execute(self, entity):
        for _ in range(6):
            os.fork()
        os._exit(77)
