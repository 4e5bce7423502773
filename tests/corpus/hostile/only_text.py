# category: trait; expect: refused; rule: trait
"""Nothing but words."""
