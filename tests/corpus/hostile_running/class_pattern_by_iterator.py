# category: endless; expect: stopped
class Deep:
    def keys(self):
        return self


class Greedy(Trait):
    async def execute(self, entity):
        match Deep():
            case [*rest]:
                pass
            case {**rest}:
                pass
