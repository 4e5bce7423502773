# category: escapes; expect: stopped
class Greedy(Trait):
    @classmethod
    def make(cls):
        return cls

    async def execute(self, entity):
        kind = type(type(self).make())
        kind
