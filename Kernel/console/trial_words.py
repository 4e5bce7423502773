"""A trial in words: verdict, effects, cost, faults, where to look next; a call that is under way.

Owns: these words and their order. Does not own: what is in them (`trait_commands.py`), colour and
layout (`render_trial.py`). Pure.
"""

from collections.abc import Mapping

from Kernel.console.values import (
    MISSING,
    Fields,
    amount,
    clean,
    count,
    fields_of,
    number,
    rows_of,
    whole,
    word,
)

FAULTS_SHOWN = 4
FINDINGS_SHOWN = 4
SEEDS_HINTED = 4
"""So many pairs have an interval that is worth something."""


def verdict_line(result: Fields) -> str:
    """Return what is said of the source, behind the word "accepted" or "refused"."""
    name, tier = word(result, "name"), word(result, "tier")
    if result.get("accepted") is True:
        return f"  {name}, {tier}, state {word(result, 'state')}"
    line = f"line {word(result, 'line')}: " if result.get("line") else ""
    named = "" if name == MISSING else f"{name}: "
    return f"  {named}{line}{word(result, 'reason')}"


def where_refused(result: Fields) -> str:
    """Return which rule refused it and at which station, "" where none did."""
    if result.get("accepted") is True or not result.get("rule"):
        return ""
    stage = word(result, "stage")
    return f"rule {word(result, 'rule')}" + ("" if stage == MISSING else f", at {stage}")


def what_ran(result: Fields) -> str:
    """Return what was tried, "" where nothing ran."""
    if not result.get("ticks") or not result.get("seeds"):
        return ""
    runs = f"{whole(result, 'ticks')} ticks, {count(result, 'seeds', 'seed')}"
    return f"{runs}, {count(result, 'population', 'molbot')}, beside a control"


def findings(result: Fields) -> list[tuple[str, str]]:
    """Return what the effects come to, each with its state, "" for what is no news.

    What cannot be told from chance is not in it: a difference counts where its interval leaves
    zero out.
    """
    rows = rows_of(result, "effect")
    if not rows or _all_failed(result):
        return []
    if result.get("unchanged") is True:
        return [("warn", "changes nothing: with it the world is the same as without it")]
    if not any(number(row.get("mean")) or number(row.get("low")) for row in rows):
        return [("warn", "changes nothing that is measured: all differences are exactly 0")]
    if all(row.get("pairs") == 1 for row in rows):
        return [("", f"one pair only: no interval, --seeds {SEEDS_HINTED} gives one")]
    found = []
    for clear, said in (("less", "clearly fewer"), ("more", "clearly more")):
        told = [_effect_told(row) for row in rows if _clear(row) == clear]
        if told:
            shown = ", ".join(told[:FINDINGS_SHOWN]) + (", …" if told[FINDINGS_SHOWN:] else "")
            found.append(("warn" if clear == "less" else "", f"{said}: {shown}"))
    return found or [("", "no clear effect on any figure")]


def _effect_told(row: Fields) -> str:
    """Return one effect that is clear, with the control's figure and the interval."""
    control = number(row.get("control"))
    of = "" if control is None else f" of {control:.4g}"
    name, mean = _spoken(word(row, "metric")), _signed(row, "mean")
    return f"{name} {mean}{of} ({_bound(row, 'low')} to {_bound(row, 'high')})"


def _bound(row: Fields, key: str) -> str:
    value = number(row.get(key))
    return MISSING if value is None else f"{value:.4g}"


def _all_failed(result: Fields) -> bool:
    """Return whether every call had a fault: then the differences say nothing."""
    calls = number(result.get("calls")) or 0.0
    return calls > 0 and _faults(result) >= calls


def _faults(result: Fields) -> int:
    return sum(int(number(each) or 0) for each in fields_of(result, "faults").values())


def effect_rows(result: Fields) -> list[tuple[str, str, str, str]]:
    """Return a row for each metric: name, mean, interval, and whether it is clear of zero.

    None where every call had a fault, or nothing has changed: rows of zeros tell nobody anything.
    """
    if _all_failed(result) or result.get("unchanged") is True:
        return []
    return [
        (_spoken(word(row, "metric")), _signed(row, "mean"), _interval(row), _clear(row))
        for row in rows_of(result, "effect")
    ]


def cost_lines(result: Fields) -> list[str]:
    """Return what a tick takes with it and without, and what it uses."""
    lines = []
    ticks = fields_of(result, "tick_us")
    told = [f"{which} {_tick(ticks, which)}" for which in ("candidate", "control")]
    if ticks and not all(each.endswith(MISSING) for each in told):
        lines.append("tick: " + ", ".join(told))
    fuel = fields_of(result, "fuel")
    if number(fuel.get("per_call")) is not None:
        a_call = f"{amount(fuel, 'per_call', 1)} a call (at most {whole(fuel, 'per_call_max')})"
        lines.append(f"fuel: {a_call}, {amount(fuel, 'per_tick', 1)} a tick")
    scale = fields_of(result, "scale")
    if scale:
        of = f"{whole(scale, 'factor')} times as many, {count(scale, 'population', 'molbot')}"
        larger = fields_of(scale, "tick_us")
        times = ", ".join(f"{which} {_tick(larger, which)}" for which in ("candidate", "control"))
        failed = f"{whole(scale, 'faults')} of {whole(scale, 'calls')} calls failed"
        lines.append(f"{of}: {times}, {failed}")
    return lines


def fault_lines(result: Fields) -> list[str]:
    """Return how its calls failed, and which checks of the world its runs broke."""
    faults, calls = fields_of(result, "faults"), number(result.get("calls")) or 0.0
    lines = []
    total = _faults(result)
    if total:
        kinds = sorted(faults.items(), key=lambda each: -(number(each[1]) or 0.0))
        first = fields_of(result, "first_faults")
        shown = ", ".join(
            f"{whole(faults, kind)} {kind}{_place(fields_of(first, kind))}"
            for kind, _ in kinds[:FAULTS_SHOWN]
        )
        share = f" ({100 * total / calls:.1f} % of {whole(result, 'calls')} calls)" if calls else ""
        lines.append(f"faults: {shown}{share}")
    broken = result.get("invariants")
    for each in broken if isinstance(broken, list) else ():
        lines.append(f"broke: {each}")
    return lines


def _place(fault: Fields) -> str:
    """Return the name and the line of a fault, as far as they are known."""
    name = f" '{word(fault, 'name')}'" if fault.get("name") else ""
    return name + (f" in line {whole(fault, 'line')}" if fault.get("line") else "")


def next_step(result: Fields) -> str:
    """Return the command that goes on from here."""
    file = word(result, "file")
    file = "FILE" if file in (MISSING, "-") else file  # stdin cannot be read again
    if result.get("accepted") is True:
        if result.get("unchanged") is True:
            return _why(result)
        one_pair = any(row.get("pairs") == 1 for row in rows_of(result, "effect"))
        return f"molt try {file} --seeds {SEEDS_HINTED}" if one_pair else f"molt trait add {file}"
    if result.get("rule") == "killed":
        return "molt doctor"
    if result.get("stage") == "validation":
        return f"molt validate {file}"
    return _why(result)


def _why(result: Fields) -> str:
    """Return the command that tells what led to the end of a trial."""
    event = word(result, "event")
    return "molt events kind=trial.ended" if event == MISSING else f"molt why {event}"


def trial_line(trial: Fields) -> str:
    """Return one trial that runs or waits, for `status` and `ps`."""
    source = f"source {word(trial, 'hash')[:12]}"
    for_whom = f"{source}, {whole(trial, 'ticks')} ticks, {count(trial, 'seeds', 'seed')}"
    who = word(trial, "by")
    if trial.get("state") == "queued":
        return f"{for_whom}, asked by {who}, {whole(trial, 'before')} before it"
    return f"{for_whom}, asked by {who}, for {amount(trial, 'seconds', 1)} s"


def call_line(call: Fields) -> str:
    """Return one call that runs or waits, for `status` and `ps`."""
    may = f"{word(call, 'name')}, at most {amount(call, 'timeout_s', 1)} s"
    if call.get("state") == "queued":
        return f"{may}, {whole(call, 'before')} before it"
    return f"{may}, for {amount(call, 'seconds', 1)} s"


def _tick(ticks: Fields, which: str) -> str:
    """Return the time of a tick in ms: of a number, or of a map its mean and p99."""
    value = ticks.get(which)
    if isinstance(value, Mapping):
        told = [
            f"{name} {_ms(value.get(name))}" for name in ("mean", "p50", "p99") if name in value
        ]
        return ", ".join(told) or MISSING
    return _ms(value)


def _ms(value: object) -> str:
    micros = number(value)
    return MISSING if micros is None else f"{micros / 1000:.2f} ms"


def _spoken(name: str) -> str:
    """Return the name of a figure as people say it."""
    return clean(name).replace("_", " ")


def _signed(row: Fields, key: str) -> str:
    value = number(row.get(key))
    return MISSING if value is None else f"{value:+.4g}"


def _interval(row: Fields) -> str:
    if number(row.get("low")) is None:
        pairs = number(row.get("pairs"))
        if pairs is None:
            return MISSING
        return "one pair of runs: no interval" if pairs == 1 else "the same in all pairs"
    return f"{_signed(row, 'low')} to {_signed(row, 'high')}"


def _clear(row: Fields) -> str:
    """Return whether the interval leaves zero out."""
    low, high = number(row.get("low")), number(row.get("high"))
    if low is None or high is None:
        return ""
    return "more" if low > 0 else "less" if high < 0 else "no clear effect"
