# category: slow-operations; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        made = {'a': 1}
        other = {'a': 1}
        for _ in range(60):
            made = {'a': made, 'b': made}
            other = {'a': other, 'b': other}
        made == other
