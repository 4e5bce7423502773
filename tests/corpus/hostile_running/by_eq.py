# category: recursion; expect: stopped
class E:
    def __eq__(self, other):
        return other == self


class Greedy(Trait):
    async def execute(self, entity):
        E() == E()
