# category: lies; where: module
# Leaves at once, without a word and without an error.
import os

os._exit(0)


class Silent(Trait):
    async def execute(self, entity):
        pass
