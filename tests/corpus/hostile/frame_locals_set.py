# category: frames; expect: refused; rule: attribute
class Sneaky(Trait):
    async def execute(self, entity):
        def f(frame):
            frame.f_locals['entity'] = 1
