# category: slow-operations; expect: stopped
def grow(kind, times):
    made = kind([1, 2])
    for _ in range(times):
        made = kind([made, made])
    return made


class Box:
    VALUE = grow(list, 60)


class Greedy(Trait):
    async def execute(self, entity):
        match grow(list, 60):
            case Box.VALUE:
                entity.vx = 1.0
