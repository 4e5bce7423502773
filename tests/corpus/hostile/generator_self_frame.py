# category: frames; expect: refused; rule: attribute
class Sneaky(Trait):
    async def execute(self, entity):
        def f():
            yield g.gi_frame.f_back
        g = f()
        next(g)
