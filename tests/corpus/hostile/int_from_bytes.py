# category: attributes; expect: refused
class Sneaky(Trait):
    async def execute(self, entity):
        int.from_bytes([1, 2], 'big')
