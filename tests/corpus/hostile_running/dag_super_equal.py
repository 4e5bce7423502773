# category: slow-operations; expect: stopped
class D(dict):
    def same(self, other):
        return super().__eq__(other)
class T(Trait):
    async def execute(self, entity):
        a, b = [], []
        for _ in range(35):
            a = [a, a]
            b = [b, b]
        d = D()
        d["a"] = a
        e = D()
        e["a"] = b
        d.same(e)
