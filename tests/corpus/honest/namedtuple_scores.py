from collections import namedtuple

Option = namedtuple("Option", ["score", "dx", "dy"])


class NamedtupleScores(Trait):
    """Scores four steps and takes the best one."""

    async def execute(self, entity):
        foods = entity.nearby_resources(30.0)[:5]
        options = []
        for dx, dy in ((1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0)):
            score = 0.0
            for food in foods:
                d2 = (food.x - entity.x - dx) ** 2 + (food.y - entity.y - dy) ** 2
                score += food.amount / (1.0 + d2)
            options.append(Option(score, dx, dy))
        best = max(options, key=lambda o: o.score)
        if best.score > 0:
            entity.move(best.dx, best.dy)
