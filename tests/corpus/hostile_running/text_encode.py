# category: memory; expect: stopped
class B:
    def encode(self):
        return 1
    def decode(self):
        return 1
class T(Trait):
    async def execute(self, entity):
        b = "abc".encode()
        n = 100000000
        c = b * n
        d = b.center(n)
        entity.vx = 42.0
