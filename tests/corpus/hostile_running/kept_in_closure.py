# category: memory; expect: stopped
def make():
    kept = []

    def grow():
        kept.append(['x' * 60_000 + str(len(kept))])
    return grow


grow = make()


class Greedy(Trait):
    async def execute(self, entity):
        grow()
