# category: escapes; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        text = f'{object()}{self}{self.execute}'
        entity.move(float(len(text)), 0)
