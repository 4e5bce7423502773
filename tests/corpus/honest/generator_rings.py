from typing import Iterator, Tuple


class GeneratorRings(Trait):
    """Looks at rings of growing radius through a generator and stops at the first food."""

    RINGS = (10.0, 20.0, 40.0, 80.0)

    def rings(self, entity) -> Iterator[Tuple[float, int]]:
        for radius in self.RINGS:
            yield radius, len(entity.nearby_resources(radius))

    async def execute(self, entity):
        for radius, count in self.rings(entity):
            if count:
                speed = 2.0 * (1.0 - radius / 100.0)
                food = entity.nearby_resources(radius)[0]
                entity.move(
                    speed if food.x > entity.x else -speed,
                    speed if food.y > entity.y else -speed,
                )
                break
        else:
            entity.move(0.3, 0.3)
