# category: names; expect: refused; rule: name
class Sneaky(Trait):
    e = eval

    async def execute(self, entity):
        e('1')
