# category: swallowing; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        class K:
            def __repr__(self):
                try:
                    while entity:
                        pass
                finally:
                    return ''
        repr([K()])
