# category: comprehensions; expect: refused; rule: rebinding
class Sneaky(Trait):
    async def execute(self, entity):
        [(eval := s) for s in 'ab']
