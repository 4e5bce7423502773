"""What a bus zone may ask for, read as hostile: every argument has its type and its bounds.

Owns: the arguments of each ask. Does not own: who may ask, and what follows (`zone_asks.py`), the
limits of a trial (`trial.py`). Pure.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from Kernel.contract.envelope import parse_id
from Kernel.contract.errors import CodecError, Refused
from Kernel.contract.inputs import ALL, NEWBORNS, VALUE_MAX
from Kernel.contract.trial_forecast import SIDES
from Kernel.core.guard import GuardRules
from Kernel.core.trait_addition import Wish, mutation_id_of
from Kernel.core.trial import TICKS, ForecastWish, TrialWish

SEEDS_MAX: Final = 64
SCALE_MAX: Final = 16
BATCH_MAX: Final = 16
PARAMS_MAX: Final = 64
APPLIED_PARAMS_MAX: Final = 8
"""Set and guarded together: the note of a guard has room for so many, before and after."""
PARAM_CHARS_MAX: Final = 64
REASON_CHARS_MAX: Final = 400
CAUSE: Final = "cause"
_TRIAL_KEYS: Final = frozenset(
    (
        "zone", "source", "sources", "params", "without", "ticks", "seeds", "scale", "add",
        "carriers", CAUSE,
    )
)  # fmt: skip
_APPLY_KEYS: Final = frozenset(
    ("zone", "source", "params", "mutation_id", "plan_id", "metric", "better", "carriers", CAUSE)
)
_TAKE_BACK_KEYS: Final = frozenset(("zone", "mutation_id", "reason", CAUSE))
_ID: Final = re.compile(r"[A-Za-z0-9_.-]{0,64}")
_METRIC: Final = re.compile(r"[a-z_]{0,32}")


def parse_wish(args: Mapping[str, Any], by: str, cause: bytes) -> TrialWish:
    """Return what a zone asks to be tried.

    Raises:
        Refused: an argument is unknown, missing, or none that a trial can have.
    """
    _check_keys(args, _TRIAL_KEYS)
    source, add = _source(args), args.get("add", False)
    params, without = parse_values(args.get("params", {})), args.get("without", "")
    if type(without) is not str or type(add) is not bool:
        raise Refused("cannot try: it takes the name of a trait, and whether to add a source")
    batch, scale = _sources(args), _whole(args, "scale", 1, 1, SCALE_MAX)
    if sum(map(bool, (source, batch, params, without))) != 1:
        raise Refused("cannot try: it takes one of a source, sources, params, and without")
    if add and not source:
        raise Refused("cannot try: only a source can be added")
    if batch and scale > 1:
        raise Refused("cannot try: sources beside each other are tried at scale 1 only")
    return TrialWish(
        source,
        by,
        ticks=_whole(args, "ticks", TICKS, 1, 2**31),
        seeds=_whole(args, "seeds", 0, 0, SEEDS_MAX),
        scale=scale,
        add=add,
        carriers=_choice(args, "carriers", (ALL, NEWBORNS)),
        cause=cause,
        params=params,
        without=without,
        batch=batch,
    )


def parse_apply(args: Mapping[str, Any], by: str, cause: bytes, rules: GuardRules) -> Wish:
    """Return what a zone asks to be brought in.

    Args:
        rules: of the guard period that its forecast is for.

    Raises:
        Refused: an argument is unknown, missing, or none that it can have.
    """
    _check_keys(args, _APPLY_KEYS)
    source, params = _source(args), parse_values(args.get("params", {}))
    if bool(source) == bool(params):
        raise Refused("cannot apply: it takes one of a source and params")
    if len(params) > APPLIED_PARAMS_MAX:
        raise Refused(f"cannot apply: params sets {len(params)}, at most {APPLIED_PARAMS_MAX}")
    metric = args.get("metric", "")
    if type(metric) is not str or _METRIC.fullmatch(metric) is None:
        raise Refused(f"cannot apply: metric is {metric!r:.40}, which names none")
    better = _choice(args, "better", SIDES)
    tried = TrialWish(
        source,
        by,
        ticks=rules.ticks,
        seeds=rules.forecast_seeds,
        add=bool(source),
        carriers=_choice(args, "carriers", (ALL, NEWBORNS)),
        cause=cause,
        params=params,
        forecast=ForecastWish(metric or "population", better, seconds=rules.forecast_s),
    )
    named, its = _id(args, "mutation_id"), mutation_id_of(tried.code_hash)
    if named not in ("", its):
        raise Refused(f"cannot apply: mutation_id is {named}, that of this code is {its}")
    return Wish(tried, mutation_id=its, plan_id=_id(args, "plan_id"))


def parse_take_back(args: Mapping[str, Any]) -> tuple[str, str]:
    """Return the id of a mutation that is to be taken back, and why.

    Raises:
        Refused: an argument is unknown, missing, or none that it can have.
    """
    _check_keys(args, _TAKE_BACK_KEYS)
    mutation_id, reason = _id(args, "mutation_id"), args.get("reason", "")
    if type(reason) is not str or not 0 < len(reason) <= REASON_CHARS_MAX or not mutation_id:
        raise Refused(f"cannot take back: it takes a mutation_id and a reason, not {reason!r:.40}")
    return mutation_id, reason


def parse_values(told: Any) -> dict[str, float]:
    """Return values of parameters by name; whether a world takes them is told by its trial.

    Raises:
        Refused: they are none.
    """
    if not isinstance(told, Mapping) or len(told) > PARAMS_MAX:
        raise Refused(f"cannot try: params are values by name, at most {PARAMS_MAX}")
    for name, value in told.items():
        if type(name) is not str or not 0 < len(name) <= PARAM_CHARS_MAX or not name.isprintable():
            raise Refused(f"cannot try: params names {name!r:.80}")
        if type(value) not in (int, float) or not abs(value) <= VALUE_MAX:
            raise Refused(f"cannot try: params sets {name} to {value!r:.40}")
    return {name: float(value) for name, value in told.items()}


def parse_cause(args: Mapping[str, Any]) -> bytes:
    """Return the id of the event that a zone says has led to its ask, b"" where it says none.

    Raises:
        Refused: it is none.
    """
    told = args.get(CAUSE, "")
    try:
        return parse_id(told) if told else b""
    except (CodecError, AttributeError, TypeError) as error:
        why = f"cannot try: {CAUSE} is {told!r:.40}, it takes the id of an event"
        raise Refused(why) from error


def _check_keys(args: Mapping[str, Any], known: frozenset[str]) -> None:
    unknown = sorted(set(args) - known)
    if unknown:
        raise Refused(f"cannot try: {unknown[0][:40]!r} is not known, it takes {sorted(known)}")


def _sources(args: Mapping[str, Any]) -> tuple[bytes, ...]:
    """Return the sources of a batch, () where there is none."""
    sources = args.get("sources", [])
    if not isinstance(sources, list | tuple) or len(sources) > BATCH_MAX:
        raise Refused(f"cannot try: sources are texts, at most {BATCH_MAX}")
    batch = tuple(_source({"source": each}) for each in sources)
    if not all(batch):
        raise Refused("cannot try: one of the sources has nothing in it")
    return batch


def _source(args: Mapping[str, Any]) -> bytes:
    source = args.get("source", "")
    if type(source) is not str:
        raise Refused("cannot try: it takes a source, as text")
    try:
        return source.encode()
    except UnicodeEncodeError as error:
        raise Refused("cannot try: the source is no text that can be written") from error


def _choice(args: Mapping[str, Any], name: str, choices: tuple[str, ...]) -> str:
    """Return one of the choices; the first where nothing is said."""
    value = args.get(name, choices[0])
    if value not in choices:
        raise Refused(f"cannot try: {name} is {value!r:.40}, it may be {', '.join(choices)}")
    return str(value)


def _id(args: Mapping[str, Any], name: str) -> str:
    value = args.get(name, "")
    if type(value) is not str or _ID.fullmatch(value) is None:
        why = f"{name} is {value!r:.40}, it takes at most 64 of A-Z a-z 0-9 _.-"
        raise Refused(f"cannot try: {why}")
    return value


def _whole(args: Mapping[str, Any], name: str, default: int, low: int, high: int) -> int:
    value = args.get(name, default)
    if type(value) is not int or not low <= value <= high:
        raise Refused(f"cannot try: {name} is {value!r:.40}, it may be {low} to {high}")
    return value
