# category: trait; expect: refused; rule: trait
class A(Trait):
    execute = len
