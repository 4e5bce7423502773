# category: greed; where: execute
# Prints for ever.
import os
import sys


class Printer(Trait):
    async def execute(self, entity):
        while True:
            sys.stdout.write("flood " * 10000)
            os.write(2, b"flood " * 10000)
