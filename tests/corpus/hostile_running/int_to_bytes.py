# category: memory; expect: stopped
class B:
    def to_bytes(self, n, order):
        return n
class T(Trait):
    async def execute(self, entity):
        n = 1800000000
        b = (5).to_bytes(n, "big")
        entity.vx = 42.0
