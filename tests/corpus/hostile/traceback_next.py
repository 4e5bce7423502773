# category: frames; expect: refused; rule: attribute
class Sneaky(Trait):
    async def execute(self, entity):
        def peek(t):
            return t.tb_next
        peek(None)
