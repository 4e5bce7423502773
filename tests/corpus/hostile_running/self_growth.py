# category: memory; expect: stopped
def getattr_or(trait):
    return trait.kept if hasattr(trait, 'kept') else []


class Greedy(Trait):
    async def execute(self, entity):
        self.kept = getattr_or(self)
        self.kept.append('x' * 60000)
