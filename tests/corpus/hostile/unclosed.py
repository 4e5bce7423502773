# category: syntax; expect: refused; rule: syntax
class A(Trait:
    pass
