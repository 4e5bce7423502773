# category: slow-operations; expect: stopped
class D(dict):
    def has(self, other):
        return super().__contains__(other)
class T(Trait):
    async def execute(self, entity):
        a = ()
        for _ in range(39):
            a = (a, a)
        D().has(a)
