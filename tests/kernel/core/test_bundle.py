"""A bundle is taken whole as it was signed, or refused with the rule that it breaks."""

import hashlib
import json
import os
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fallback.slot_files import FILES_MAX
from Kernel.contract.arena import VERSION
from Kernel.contract.contract_version import CONTRACT
from Kernel.contract.errors import Refused
from Kernel.core import bundle as form
from Kernel.core.bundle import BundleRefused, check_path, open_bundle
from Kernel.ports.signatures import SigningKey
from tests.structure.sources import ROOT
from tests.support.bundles import forge, make_bundle, ring_of, version_files

KEY = SigningKey.generate()
RING = ring_of(KEY)
SOUND = make_bundle(KEY)
HEAD = 8 + 32 + 64 + 4


def refused(data: bytes, ring=RING) -> str:
    """Return the rule by which a bundle is refused; the message says it, too."""
    with pytest.raises(BundleRefused) as caught:
        open_bundle(data, ring.verify)
    error = caught.value
    assert error.message.startswith("cannot take the bundle: ") and error.exit_code == 5
    assert f"[{error.rule}]" in error.message and error.details["rule"] == error.rule
    assert len(error.message) < 500, "hostile text is not repeated at length"
    return error.rule


def test_what_goes_in_comes_out() -> None:
    """Files, version, counter and claim are those that were packed; the id is a slot's."""
    files = version_files(engine="TICK = 2\n", empty="")
    data = make_bundle(KEY, files, "2.1-rc.1", 7, True)
    opened = open_bundle(data, RING.verify)
    told = opened.manifest
    assert {path: bytes(content) for path, content in opened.files()} == files
    assert (told.version, told.counter, told.changes_behaviour) == ("2.1-rc.1", 7, True)
    assert (told.contract, opened.arena, opened.key_id) == (CONTRACT, VERSION, KEY.public.id)
    assert make_bundle(KEY, files, "2.1-rc.1", 7, True) == data, "the same input, the same bytes"
    other = open_bundle(make_bundle(KEY, version_files(engine="TICK = 3\n")), RING.verify)
    assert other.manifest.id != told.id and len(told.id) == 64


def test_the_checkout_itself_fits() -> None:
    """Every file a slot would copy of this checkout may be in a bundle."""
    files = {
        path.relative_to(ROOT).as_posix(): path.read_bytes()
        for top in (ROOT / "zones", ROOT / "Kernel" / "contract")
        for path in top.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    for path, content in files.items():
        assert check_path(path) == "" and len(content) < form.FILE_BYTES_MAX / 10, path
    assert set(form.NEEDED) <= files.keys() | {"Kernel/__init__.py"}


def test_who_has_signed_counts() -> None:
    """No key, another key, another signature, a key claimed by name: each is refused."""
    stranger = SigningKey.generate()
    assert refused(make_bundle(stranger)) == "key"
    assert refused(SOUND, ring_of()) == "key"
    assert refused(SOUND[:8] + stranger.public.id + SOUND[40:], ring_of(KEY, stranger)) == (
        "signature"
    )
    assert refused(SOUND[:40] + bytes(64) + SOUND[104:]) == "signature"
    theirs = make_bundle(stranger)
    assert refused(theirs[:8] + KEY.public.id + theirs[40:]) == "signature"
    signed_else = KEY.sign(SOUND[HEAD : HEAD + int.from_bytes(SOUND[104:108], "little")])
    assert refused(SOUND[:40] + signed_else + SOUND[104:]) == "signature", "domain apart"


def test_nothing_is_read_before_the_signature() -> None:
    """A manifest that would break a parser is never parsed without a signature."""
    deep = b"[" * 100_000
    length = len(deep).to_bytes(4, "little")
    assert refused(SOUND[:40] + bytes(64) + length + deep) == "signature"


def test_any_changed_byte_is_found() -> None:
    """Whichever byte is another one, the bundle is refused."""
    for place in range(0, len(SOUND), 7):
        data = bytearray(SOUND)
        data[place] ^= 1
        assert refused(bytes(data)) in ("form", "limit", "key", "signature", "hash")


def test_cut_or_longer() -> None:
    """A bundle that ends early or goes on is none."""
    for length in (0, 7, HEAD - 1, HEAD, HEAD + 40, len(SOUND) - 1):
        assert refused(SOUND[:length]) in ("form", "signature")
    assert refused(SOUND + b"\0") == "form"


@given(st.binary(max_size=400))
def test_any_bytes_are_refused_in_order(data: bytes) -> None:
    """Whatever is brought, the answer is a refusal and nothing else."""
    refused(data)
    refused(SOUND[:8] + data)
    refused(forge(KEY, text=data))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@pytest.mark.slow
@given(st.sampled_from(form._KEYS), JSON)
def test_any_value_in_a_signed_manifest_is_refused_in_order(key: str, value: object) -> None:
    """A key that was stolen signs anything: the manifest is parsed as hostile all the same."""

    def change(told: dict) -> None:
        told[key] = value

    try:
        told = open_bundle(forge(KEY, change=change), RING.verify).manifest
    except BundleRefused:
        return
    assert getattr(told, key) == value and key in ("version", "counter", "changes_behaviour")


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/etc/cron.d/x.py", "''"),
        ("zones/../../x.py", "'..'"),
        ("..", "'..'"),
        ("zones/./x.py", "'.'"),
        ("zones//x.py", "''"),
        ("zones/", "''"),
        ("", "''"),
        ("zones\\x.py", "zones"),
        ("zones/a\\..\\x.py", "which no file"),
        ("zones/a\0.py", "which no file"),
        ("zones/a\n.py", "which no file"),
        ("zones/é.py", "which no file"),
        ("zones/\udcff.py", "which no file"),
        ("zones/a b.py", "which no file"),
        ("zones/.hidden.py", "which no file"),
        ("zones/~x.py", "which no file"),
        ("C:/zones/x.py", "which no file"),
        ("zones/x.py:stream", "which no file"),
        ("zones/-x.py", "which no file"),
        ("manifest.py", "is not below"),
        ("Kernel/boot.py", "is not below"),
        ("zonesx/a.py", "is not below"),
        ("fallback/steward.py", "is not below"),
        ("slot.json", "is not below"),
        ("cache/world/k.nbc", "is not below"),
        ("zones/x", "ends in none"),
        ("zones/x.pyc", "ends in none"),
        ("zones/x.so", "ends in none"),
        ("zones/x.pth", "ends in none"),
        ("zones/" + "a/" * 12 + "x.py", "folders deep"),
        ("zones/" + "a" * 101 + ".py", "characters"),
        ("zones/" + "/".join(["a" * 50] * 4) + ".py", "characters"),
    ],
)
def test_paths_that_escape_or_surprise(path: str, why: str) -> None:
    """No path leaves the version, names what is none of its files, or can be read in two ways."""
    assert why in check_path(path), path
    files = version_files() | {path: b""}
    data = forge(KEY, files={each: files[each] for each in sorted(files)})
    with pytest.raises(BundleRefused) as caught:
        open_bundle(data, RING.verify)
    assert caught.value.rule == "path"
    with pytest.raises(BundleRefused):
        make_bundle(KEY, files)


@given(
    st.text(alphabet=st.sampled_from("az./\\~\0:-_ Zé"), max_size=20)
    | st.text(max_size=12).map(lambda end: f"zones/{end}.py")
)
def test_a_path_that_passes_stays_inside(path: str) -> None:
    """What the rules let through names one plain place below the version, the same everywhere."""
    if check_path(path):
        return
    pure = PurePosixPath(path)
    assert not pure.is_absolute() and ".." not in pure.parts and str(pure) == path
    assert path.isascii() and path.isprintable() and not set("\\:~ ") & set(path)
    assert os.path.normpath(Path("/x", path)) == f"/x/{path}"


def _rows(*rows: tuple[str, bytes]):
    def change(told: dict) -> None:
        for path, _content in rows:
            told["files"].append([path, 0, hashlib.sha256().hexdigest()])
        told["files"].sort()

    return change


@pytest.mark.parametrize(
    ("rows", "rule"),
    [
        ([("zones/world/engine.py", b"")], "path"),  # twice
        ([("zones/world/Engine.py", b"")], "path"),
        ([("zones/World/other.py", b"")], "path"),
        ([("zones/a.py", b""), ("zones/a.py/b.py", b"")], "path"),
        ([("zones/A.py", b""), ("zones/a.py/b.py", b"")], "path"),
    ],
)
def test_no_two_files_meet_on_any_disk(rows, rule: str) -> None:
    """Twice, by case alone, or a file where a folder is: refused before anything is written."""
    assert refused(forge(KEY, change=_rows(*rows))) == rule


def test_out_of_order_is_refused() -> None:
    """There is one order, so that one set of files has one manifest."""
    assert refused(forge(KEY, change=lambda told: told["files"].reverse())) == "form"


def _set(**fields: object):
    return lambda told: told.update(fields)


def _row(place: int, value: object):
    def change(told: dict) -> None:
        told["files"][0][place] = value

    return change


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (_set(module="kernel"), "module"),
        (_set(version=""), "form"),
        (_set(version="1\n2"), "form"),
        (_set(version="v" * 65), "form"),
        (_set(counter=0), "limit"),
        (_set(counter=2**53), "limit"),
        (_set(counter=True), "form"),
        (_set(counter=1.0), "form"),
        (_set(contract=-1), "limit"),
        (_set(contract=CONTRACT + 1), "contract"),
        (_set(changes_behaviour=0), "form"),
        (_set(extra=1), "form"),
        (_set(files=[]), "form"),
        (_set(files={}), "form"),
        (_set(files=[["zones/x.py", 1]]), "form"),
        (_set(files=["abc"]), "form"),
        (_set(files=[[f"zones/{n}.py", 0, "0" * 64] for n in range(FILES_MAX + 1)]), "limit"),
        (lambda told: told.pop("counter"), "form"),
        (_row(1, -1), "limit"),
        (_row(1, form.FILE_BYTES_MAX + 1), "limit"),
        (_row(1, 2**80), "limit"),
        (_row(1, True), "form"),
        (_row(1, 1), "form"),
        (_row(2, "0" * 64), "hash"),
        (_row(2, "0" * 63), "form"),
        (_row(2, "A" * 64), "form"),
        (_row(2, None), "form"),
        (_row(0, None), "form"),
    ],
)
def test_a_signed_manifest_is_held_to_every_rule(change, rule: str) -> None:
    """A right signature makes no wrong number right."""
    assert refused(forge(KEY, change=change)) == rule


def test_together_they_may_not_be_larger_either() -> None:
    """Files that are each within the limit may come to too much."""
    row = [form.FILE_BYTES_MAX, "0" * 64]

    def change(told: dict) -> None:
        told["files"] += [[f"zones/zz{n}.py", *row] for n in range(9)]

    assert refused(forge(KEY, change=change)) == "limit"
    assert refused(bytes(form.BUNDLE_BYTES_MAX + 1)) == "limit"
    assert refused(SOUND[:104] + (2**31).to_bytes(4, "little") + SOUND[108:]) == "limit"


def test_one_form_only() -> None:
    """The same manifest with a space, another order, a key twice or a number twice is refused."""
    length = int.from_bytes(SOUND[104:108], "little")
    text = SOUND[HEAD : HEAD + length]
    told = json.loads(text)
    for other in (
        text + b" ",
        json.dumps(told).encode(),
        text.replace(b'"counter":1', b'"counter":1,"counter":1'),
        text.replace(b'"counter":1', b'"counter":NaN'),
        text.replace(b'"1.0"', b'"1\\u002e0"'),
        b"[" * 100_000,
        b"null",
        b"\xff",
        b'{"counter":' + b"9" * 5000 + b"}",
    ):
        assert refused(forge(KEY, text=other)) == "form", other[:40]


@pytest.mark.parametrize("path", form.NEEDED)
def test_a_part_of_a_version_is_none(path: str) -> None:
    """What a version cannot do without is there, or it is refused."""
    files = version_files()
    del files[path]
    with pytest.raises(Refused):
        make_bundle(KEY, files)
    assert refused(forge(KEY, files)) in ("form", "contract")


def test_the_contract_is_what_the_files_say() -> None:
    """A manifest that says another contract than its own files is a lie."""
    for text in ("CONTRACT: Final = 2\n", "", "CONTRACT: Final = 1\nCONTRACT: Final = 1\n"):
        files = version_files() | {form.CONTRACT_FILE: text.encode()}
        assert refused(forge(KEY, files)) == "contract"
    files = version_files() | {form.ARENA_FILE: b"VERSION = 1\nVERSION = 2\n"}
    assert refused(forge(KEY, files)) == "contract"
