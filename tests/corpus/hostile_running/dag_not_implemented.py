# category: slow-operations; expect: stopped
class D(dict):
    def __eq__(self, other):
        return NotImplemented
class T(Trait):
    async def execute(self, entity):
        a = []
        b = []
        for _ in range(35):
            a = [a, a]
            b = [b, b]
        d = D()
        d["x"] = a
        d == {"x": b}
