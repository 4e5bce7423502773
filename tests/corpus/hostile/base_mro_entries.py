# category: classes; expect: refused; rule: dunder
class A:
    def __mro_entries__(self, bases):
        return (dict,)


class Sneaky(Trait):
    async def execute(self, entity):
        pass
