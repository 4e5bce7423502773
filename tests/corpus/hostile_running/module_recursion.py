# category: load-time; expect: stopped
def build():
    return build()


TABLE = build()


class Greedy(Trait):
    async def execute(self, entity):
        pass
