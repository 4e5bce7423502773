# category: frames; expect: refused
class Sneaky(Trait):
    async def go(self):
        return 1

    async def execute(self, entity):
        c = self.go()
        c.cr_frame.f_back
