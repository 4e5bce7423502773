# category: greed; where: execute
# Takes memory, and does not mind being told that there is none.
pieces = []


class Eater(Trait):
    async def execute(self, entity):
        size = 1 << 26
        while size > 64:
            try:
                pieces.append(bytearray(size))
            except MemoryError:
                size //= 2
