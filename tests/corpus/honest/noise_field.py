import math


class NoiseField(Trait):
    """Follow a hash-based flow field: cheap value noise without any state."""

    @staticmethod
    def _hash(ix: int, iy: int) -> float:
        h = (ix * 374761393 + iy * 668265263) & 0x7FFFFFFF
        h = ((h ^ (h >> 13)) * 1274126177) & 0x7FFFFFFF
        return (h & 0xFFFF) / 65536.0

    def _noise(self, x: float, y: float) -> float:
        ix, iy = math.floor(x), math.floor(y)
        fx, fy = x - ix, y - iy
        top = self._hash(ix, iy) * (1 - fx) + self._hash(ix + 1, iy) * fx
        bottom = self._hash(ix, iy + 1) * (1 - fx) + self._hash(ix + 1, iy + 1) * fx
        return top * (1 - fy) + bottom * fy

    async def execute(self, entity):
        angle = self._noise(entity.x / 100.0, entity.y / 100.0) * math.tau
        entity.vx += 0.1 * math.cos(angle)
        entity.vy += 0.1 * math.sin(angle)
