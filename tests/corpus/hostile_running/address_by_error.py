# category: escapes; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        try:
            [].index(object())
        except ValueError as error:
            entity.move(len(str(error)), 0)
