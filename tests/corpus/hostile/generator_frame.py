# category: frames; expect: refused; rule: attribute
class Sneaky(Trait):
    async def execute(self, entity):
        g = (1 for _ in ())
        g.gi_frame.f_back.f_globals
