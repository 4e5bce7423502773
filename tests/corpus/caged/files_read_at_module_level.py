# category: files; where: module
# Reads the secret of the home before anything else is asked of it.
import os

try:
    with open("@secret_file@", "rb") as file:
        if file.read():
            os._exit(77)
except OSError:
    pass


class Reader(Trait):
    async def execute(self, entity):
        pass
