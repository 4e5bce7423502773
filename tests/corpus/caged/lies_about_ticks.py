# category: lies; where: execute
# Says in the arena that more ticks were computed than there are.
import gc


class Liar(Trait):
    async def execute(self, entity):
        for each in gc.get_objects():
            if type(each).__name__ == "ArenaWords":
                each.put(64, 1 << 40)
                each.put(128, 1 << 40)
                each.put(192, (1 << 64) - 1)
