# category: syntax; expect: refused
return 1
