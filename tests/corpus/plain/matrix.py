class Matrix:
    def __init__(self, rows):
        self.rows = [list(r) for r in rows]
    @classmethod
    def identity(cls, n):
        return cls([[1.0 if i == j else 0.0 for j in range(n)] for i in range(n)])
    def __matmul__(self, other):
        cols = list(zip(*other.rows))
        return Matrix([[sum(a * b for a, b in zip(r, c)) for c in cols] for r in self.rows])
    def __getitem__(self, ij):
        i, j = ij
        return self.rows[i][j]
    def __setitem__(self, ij, v):
        i, j = ij
        self.rows[i][j] = v
    def __eq__(self, other):
        return isinstance(other, Matrix) and self.rows == other.rows
class Mat(Trait):
    async def execute(self, entity):
        m = Matrix.identity(2)
        m[0, 1] = 0.5
        p = m @ m
        entity.vx = p[0, 1]
        entity.vy = 1.0 if p != m and Matrix.identity(2) @ m == m else 0.0
