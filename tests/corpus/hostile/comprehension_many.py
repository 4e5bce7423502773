# category: comprehensions; expect: refused; rule: depth
class Sneaky(Trait):
    async def execute(self, entity):
        [1 for a in () for b in () for c in () for d in () for e in () for f in () for g in () for h in () for i in ()]
