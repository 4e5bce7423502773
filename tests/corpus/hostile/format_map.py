# category: formats; expect: refused; rule: attribute
class Sneaky(Trait):
    async def execute(self, entity):
        '{e.__class__}'.format_map({'e': entity})
