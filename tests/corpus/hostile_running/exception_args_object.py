# category: escapes; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        try:
            {}[entity]
        except KeyError as error:
            error.args[0].energy = 10 ** 9
