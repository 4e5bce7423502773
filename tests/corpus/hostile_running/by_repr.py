# category: recursion; expect: stopped
class R:
    def __repr__(self):
        return repr(self)


class Greedy(Trait):
    async def execute(self, entity):
        str(R())
