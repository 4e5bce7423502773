# category: memory; expect: stopped
class B:
    def from_bytes(self, n, order):
        return n
class T(Trait):
    async def execute(self, entity):
        b = int.from_bytes([255] * 60000, "big")
        entity.vx = 42.0
        c = b.bit_length()
        entity.vx = c * 1.0
