# category: greed; where: execute
# Takes memory until there is none.
pieces = []


class Eater(Trait):
    async def execute(self, entity):
        while len(pieces) < 4096:
            pieces.append(bytearray(b"x") * (1 << 22))
