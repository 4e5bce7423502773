import math
class T(Trait):
    async def execute(self, entity):
        try:
            a = 1 / (entity.age % 2)
        except ZeroDivisionError:
            a = 7
        else:
            a += 1
        try:
            k = entity.nearby_resources(20)[1].amount
            k = k + [1, 2, 3][entity.age % 5]
        except (IndexError, ValueError):
            k = -1
        except Exception:
            k = -2
        entity.vx = a / 10
        entity.vy = k / 10
        try:
            z = math.log(entity.vx - 0.5) + math.sqrt(entity.vy)
        except ValueError:
            z = 0.25
        entity.radius = 1 + abs(z)
        try:
            raise KeyError("x")
        except LookupError:
            entity.vx += 0.5
        try:
            assert entity.age % 3, "no"
        except AssertionError:
            entity.vx += 1
