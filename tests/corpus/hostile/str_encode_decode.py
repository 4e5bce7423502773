# category: attributes; expect: refused; rule: attribute
class Sneaky(Trait):
    async def execute(self, entity):
        'cmV0dXJu'.encode().decode()
