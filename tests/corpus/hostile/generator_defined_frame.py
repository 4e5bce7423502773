# category: frames; expect: refused; rule: attribute
class Sneaky(Trait):
    async def execute(self, entity):
        self.gi_frame = 1
        (n for n in ()).gi_frame
