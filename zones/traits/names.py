"""What a trait may name: builtins, the public names of its eight modules, attributes, dunders.

Owns: the one list of each, for the validator, which refuses everything else, and for the facades
of the interpreted tier, which provide exactly these. Does not own: where a name may stand
(`rules/`), what it does (`interpreted.py` and its facades). Pure data, standard library only.
"""

from typing import Final


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


BUILTIN_FUNCTIONS: Final = _words(
    "abs all any bin callable chr divmod enumerate filter format hasattr hex isinstance issubclass "
    "iter len map max min next oct ord pow range repr reversed round slice sorted sum type zip"
)
"""`type` takes one value and `hasattr` a literal name; `format` a literal format."""
BUILTIN_TYPES: Final = _words("bool dict float frozenset int list object set str tuple")
CLASS_TOOLS: Final = _words("classmethod property staticmethod super")
EXCEPTIONS: Final = _words(
    "ArithmeticError AssertionError AttributeError Exception FloatingPointError IndexError "
    "KeyError LookupError MemoryError NameError NotImplementedError OverflowError RecursionError "
    "RuntimeError StopIteration TypeError UnboundLocalError ValueError ZeroDivisionError"
)
"""No BaseException and none that ends a process: what stops a trait cannot be named."""
VALUES: Final = _words("Ellipsis NotImplemented")
TRAIT: Final = "Trait"
BUILTINS: Final = (
    BUILTIN_FUNCTIONS | BUILTIN_TYPES | CLASS_TOOLS | EXCEPTIONS | VALUES | frozenset({TRAIT})
)
"""Every name that need not be bound by the source."""

ONLY_CALLED: Final = _words("format hasattr super type")
"""Builtins whose arguments are checked, so that they are called by their name and never kept."""

COLLECTIONS_ABC: Final = "collections.abc"
MODULE_NAMES: Final[dict[str, frozenset[str]]] = {
    "math": _words(
        "acos acosh asin asinh atan atan2 atanh cbrt ceil comb copysign cos cosh degrees dist e "
        "erf erfc exp exp2 expm1 fabs factorial floor fmod frexp fsum gamma gcd hypot inf isclose "
        "isfinite isinf isnan isqrt lcm ldexp lgamma log log10 log1p log2 modf nan nextafter perm "
        "pi pow prod radians remainder sin sinh sqrt tan tanh tau trunc ulp"
    ),
    "random": _words(
        "betavariate choice choices expovariate gammavariate gauss getrandbits lognormvariate "
        "normalvariate paretovariate randint random randrange sample shuffle triangular uniform "
        "vonmisesvariate weibullvariate"
    ),
    "dataclasses": _words(
        "FrozenInstanceError InitVar KW_ONLY MISSING asdict astuple dataclass field fields "
        "is_dataclass replace"
    ),
    "typing": _words(
        "AbstractSet Annotated Any AnyStr Awaitable Callable ChainMap ClassVar Collection "
        "Concatenate Container Coroutine Counter DefaultDict Deque Dict Final FrozenSet Generator "
        "Generic Hashable ItemsView Iterable Iterator KeysView List Literal LiteralString Mapping "
        "MutableMapping MutableSequence MutableSet NamedTuple Never NewType NoReturn NotRequired "
        "Optional OrderedDict ParamSpec Protocol Required Reversible Self Sequence Set Sized "
        "SupportsAbs SupportsFloat SupportsIndex SupportsInt SupportsRound TYPE_CHECKING Text "
        "Tuple Type TypeAlias TypeGuard TypeVar TypeVarTuple TypedDict Union Unpack ValuesView "
        "assert_never assert_type cast final no_type_check overload runtime_checkable"
    ),
    "enum": _words("Enum Flag IntEnum IntFlag StrEnum auto unique"),
    "collections": _words(
        "ChainMap Counter OrderedDict UserDict UserList defaultdict deque namedtuple"
    ),
    "functools": _words(
        "cache cached_property cmp_to_key lru_cache partial partialmethod reduce total_ordering "
        "wraps"
    ),
    "itertools": _words(
        "accumulate chain combinations combinations_with_replacement compress count cycle "
        "dropwhile filterfalse groupby islice pairwise permutations product repeat starmap "
        "takewhile tee zip_longest"
    ),
    COLLECTIONS_ABC: _words(
        "Awaitable Callable Collection Container Coroutine Generator Hashable ItemsView Iterable "
        "Iterator KeysView Mapping MutableMapping MutableSequence MutableSet Reversible Sequence "
        "Set Sized ValuesView"
    ),
}
"""Names by module. `from collections.abc import` is for annotations and isinstance; the module
itself cannot be bound. A name that is bound to a module stands only before a dot."""

FUTURE_FEATURES: Final = _words("annotations")
"""`from __future__ import annotations` may stand in a source; annotations are never evaluated."""

FACTORIES: Final = _words("NamedTuple NewType ParamSpec TypeVar TypeVarTuple TypedDict namedtuple")
"""Library names that make classes or types from text: called directly, with literals, or bases."""
ENUMS: Final = _words("Enum Flag IntEnum IntFlag StrEnum")

BASES: Final = _words("object Exception NamedTuple TypedDict Generic Protocol") | ENUMS | EXCEPTIONS
"""What a class may derive from besides classes of the source and `Trait`."""
CONTAINER_BASES: Final = _words("dict OrderedDict defaultdict Counter UserDict")
"""Also allowed as bases. Their subclasses may lie about their length and order: a guard asks the
base class's own method, never the object. No sequence is among them: what `super()` reaches in
one (slices, repeats) would be metered by nobody."""
ENUM_MIXINS: Final = _words("int str float")
"""Allowed as bases beside an enum only."""

DUNDERS_DEFINED: Final = frozenset(
    f"__{name}__"
    for name in _words(
        "init post_init repr str format eq ne lt le gt ge bool len iter next reversed contains "
        "getitem setitem delitem missing call enter exit add sub mul matmul truediv floordiv mod "
        "divmod pow and or xor lshift rshift radd rsub rmul rmatmul rtruediv rfloordiv rmod "
        "rdivmod rpow rand ror rxor rlshift rrshift iadd isub imul imatmul itruediv ifloordiv "
        "imod ipow iand ior ixor ilshift irshift neg pos abs invert int float round trunc floor "
        "ceil"
    )
)
"""Methods of this form that a class may define. Not among them, on purpose: `__hash__` (order by
hash), `__index__` and `__length_hint__` (sizes that C code believes), `__del__`, attribute access,
descriptors, construction (`__new__`, metaclasses), pickling, awaiting."""
DUNDERS_OF_SUPER: Final = frozenset(
    f"__{name}__"
    for name in _words(
        "init post_init eq ne lt le gt ge bool len iter next reversed contains getitem setitem "
        "delitem missing call enter exit"
    )
)
"""What may be called of `super()`; nothing that builds text or repeats, as no guard sees it."""
DUNDERS_READ: Final = frozenset({"__name__", "__members__"})
"""Attributes of this form that may be read of anything; they give text and a read-only mapping."""
DUNDER_VARIABLES: Final = frozenset({"__slots__", "__match_args__"})
"""Variables of this form that a class body may set, to literal names."""
DUNDER_MODULE_VARIABLES: Final = frozenset({"__all__", "__author__", "__version__"})
"""Variables of this form that a module may set, to literals."""
SUNDERS_DEFINED: Final = frozenset({"_missing_", "_generate_next_value_"})
"""Methods that an enum may define."""

_STR: Final = _words(
    "capitalize casefold center count endswith expandtabs find index isalnum isalpha isascii "
    "isdecimal isdigit isidentifier islower isnumeric isprintable isspace istitle isupper join "
    "ljust lower lstrip maketrans partition removeprefix removesuffix replace rfind rindex rjust "
    "rpartition rsplit rstrip split splitlines startswith strip swapcase title translate upper "
    "zfill"
)
_CONTAINERS: Final = _words(
    "add append appendleft clear copy count data default_factory difference difference_update "
    "discard elements extend extendleft fromkeys get index insert intersection "
    "intersection_update isdisjoint issubset issuperset items keys maps maxlen most_common "
    "move_to_end new_child parents pop popitem popleft remove reverse rotate setdefault sort "
    "start step stop subtract symmetric_difference symmetric_difference_update total union update "
    "values"
)
_NUMBERS: Final = _words(
    "as_integer_ratio bit_count bit_length conjugate denominator fromhex hex imag is_integer "
    "numerator real"
)
_LIBRARY: Final = _words(
    # Exceptions, enums, named tuples, dataclass fields.
    "args value name _replace _asdict _fields _make _field_defaults default type "
    # Generators, lru_cache, partial, property, chain.
    "send close throw cache_clear cache_info hits misses maxsize currsize func keywords "
    "from_iterable setter getter deleter"
)
_ENTITY: Final = _words(
    "x y vx vy energy max_energy radius age generation id color state traits move eat "
    "nearby_resources nearby_entities amount"
)
ATTRIBUTES: Final = _STR | _CONTAINERS | _NUMBERS | _LIBRARY | _ENTITY
"""Attributes that may be used without being defined by the source; all others must be."""

ATTRIBUTES_REFUSED: Final = _words(
    # Text as a program: checked on literals only.
    "format format_map "
    # Frames, code, generators, coroutines, tracebacks.
    "f_back f_builtins f_code f_generator f_globals f_lasti f_lineno f_locals f_trace "
    "f_trace_lines f_trace_opcodes gi_code gi_frame gi_running gi_suspended gi_yieldfrom "
    "cr_await cr_code cr_frame cr_origin cr_running cr_suspended ag_await ag_code ag_frame "
    "ag_running ag_suspended tb_frame tb_lasti tb_lineno tb_next with_traceback "
    "co_argcount co_cellvars co_code co_consts co_exceptiontable co_filename co_firstlineno "
    "co_flags co_freevars co_kwonlyargcount co_lines co_linetable co_lnotab co_name co_names "
    "co_nlocals co_positions co_posonlyargcount co_qualname co_stacksize co_varnames "
    "func_closure func_code func_defaults func_dict func_globals func_name im_class im_func "
    "im_self asend athrow aclose "
    # Classes.
    "mro fget fset fdel"
)
"""Never, not even where the source defines an attribute of that name."""
DECORATORS_ONLY: Final = _words(
    "dataclass final no_type_check overload runtime_checkable total_ordering unique wraps"
)
"""Library names that change what they are given: only as decorators of the source's own things."""
RESERVED_PREFIX: Final = "_molt"
"""No name of a source begins with it, mangled or not: facades keep what is theirs under it."""

NEVER_BOUND: Final = _words(
    "__import__ breakpoint compile delattr eval exec getattr globals locals memoryview print "
    "setattr BaseException GeneratorExit KeyboardInterrupt SystemExit"
)
"""Not even as the name of a local variable: nobody should have to look twice."""
NAMES_REFUSED: Final[dict[str, str]] = {
    "__import__": "write an import statement",
    "breakpoint": "a trait has no debugger",
    "bytearray": "use a list of numbers",
    "bytes": "use a list of numbers",
    "compile": "code is written out, never made from text",
    "complex": "use two floats",
    "copyright": "leave it out",
    "credits": "leave it out",
    "delattr": "write del self.name",
    "dir": "name what you need",
    "eval": "code is written out, never made from text",
    "exec": "code is written out, never made from text",
    "exit": "return ends a call",
    "getattr": "write entity.name, or use a dict",
    "globals": "name what you need",
    "hash": "compare or sort by a value of your own",
    "help": "leave it out",
    "id": "compare with 'is', or number things yourself",
    "input": "a trait has no terminal",
    "license": "leave it out",
    "locals": "name what you need",
    "memoryview": "use a list of numbers",
    "open": "a trait has no files",
    "print": "a trait has no output; keep what you want to know on self",
    "quit": "return ends a call",
    "setattr": "write self.name = value, or use a dict",
    "vars": "name what you need, or use dataclasses.asdict",
    "BaseException": "catch Exception",
    "BaseExceptionGroup": "catch Exception",
    "ExceptionGroup": "catch Exception",
    "GeneratorExit": "use finally",
    "KeyboardInterrupt": "catch Exception",
    "SystemExit": "return ends a call",
}
"""Builtins that are never given, with what to write instead. Any other unknown name is refused
without such advice."""
