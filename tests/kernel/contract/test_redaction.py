"""What looks like a credential is taken out, and the cheap look before misses none."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from Kernel.contract.codec import pack, unpack
from Kernel.contract.errors import CodecError
from Kernel.contract.kinds import Story, make_free_event
from Kernel.contract.redaction import MARK, may_need_redaction, redact, redact_text

SHAPES = (
    "-----BEGIN RSA PRIVATE KEY-----\nMIIB\n-----END RSA PRIVATE KEY-----",
    "AKIA" + "A1" * 8,
    "ASIA" + "A1" * 8,
    *(f"gh{letter}_" + "a1" * 10 for letter in "pousr"),
    "github_pat_" + "a1" * 10,
    "glpat-" + "a1" * 8,
    "xoxb-" + "1" * 10,
    "sk-" + "a1" * 8,
    "AIza" + "a1" * 15,
    ".".join(("eyJ" + "a1" * 4, "b2" * 4, "c3" * 4)),
    "Bearer " + "a1" * 4,
    "Basic " + "a1" * 6,
    "pypi-" + "a1" * 20,
    "npm_" + "a1" * 18,
    "hf_" + "a1" * 17,
    "sk_live_" + "a1" * 8,
    "rk_test_" + "a1" * 8,
    "xapp-1-" + "a1" * 8,
    "ya29." + "a1" * 12,
    "SG." + "a1" * 8 + "." + "b2" * 8,
    "https://hooks.slack.com/services/T0/B0/" + "a1" * 12,
    "bearer " + "a1" * 4,
    "BASIC " + "dXNlcjp3b3Jk" + "ZA==",
    "-----BEGIN PGP PRIVATE KEY BLOCK-----\nabc",
    "aws_secret_access_key=wJalrXUtnFEMI/K7MDENG",
    "DB_PASSWORD2 = hunter22",
    '{"refresh_token": "hunter22"}',
    "AccountKey=hunter22",
    "postgres://user:word@host/base",
    *(f"{name}=hunter22" for name in ("password", "Api-Key", "access_key", "client_secret")),
    "pa\u017f\u017fword: hunter22",
    "API_\u212aEY: hunter22",
)
KEYS = (
    *("pass", "password", "db_passwd", "passphrase", "secret", "token", "API-Key", "apikey"),
    *("access_key", "accesskey", "private_key", "credential", "credentials", "Authorization"),
    *("apiKey", "accessToken", "clientSecret", "passwordHash", "X-Api-Key", "pwd", "sshKey"),
    *("password2", "signing_key"),
    *("cookie", "bearer", "token_id", "secret_value", "api_\u212aey"),
)


@pytest.mark.parametrize("text", SHAPES)
def test_shape_is_taken_out(text: str) -> None:
    """A credential inside a text goes, wherever the text stands."""
    for payload in ({"text": f"so {text} then"}, {"deep": [{"list": [f"({text})"]}]}):
        clean, count = redact(payload)
        assert count == 1
        assert MARK in str(clean)
        assert may_need_redaction(pack(payload))


@pytest.mark.parametrize("key", KEYS)
def test_name_is_enough(key: str) -> None:
    """A text under the name of a credential goes, whatever it looks like."""
    payload = {"deep": [{key: "x"}]}
    assert redact(payload) == ({"deep": [{key: MARK}]}, 1)
    assert may_need_redaction(pack(payload))


@pytest.mark.parametrize("key", ["token", "credentials", "apiKey"])
def test_name_hides_what_is_nested_in_it(key: str) -> None:
    """Whatever text is in a list or a map under the name of a credential goes; numbers stay."""
    payload = {key: ["a", {"kind": "x", "value": b"y", "of": ("z",)}, 7, ""]}
    hidden = {"kind": MARK, "value": MARK, "of": [MARK]}
    assert redact(payload) == ({key: [MARK, hidden, 7, ""]}, 4)


@pytest.mark.parametrize("key", ["a", "token"])
def test_what_is_nested_too_deep_is_refused(key: str) -> None:
    """It ends in a sentence, wherever in the stack it is looked through."""
    nested: object = "password=hunter22"
    for level in range(2000):
        nested = {key: nested} if level % 2 else [nested]
    with pytest.raises(CodecError, match="nested so deep"):
        redact({key: nested})


PARTS = st.sampled_from((*SHAPES, *KEYS, "plain", "ghost", "_", "-", ": ", "é", "K", "BASIC "))
WORDS = st.one_of(st.text(max_size=12), st.lists(PARTS, max_size=3).map("".join))
PLAIN = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(0, 9), WORDS, st.binary(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(WORDS, inner, max_size=3)),
    max_leaves=6,
)


@pytest.mark.slow
@given(st.dictionaries(WORDS, PLAIN, max_size=3))
def test_cheap_look_misses_nothing(payload: dict[str, object]) -> None:
    """Whatever `redact` would take out has a trace in the packed bytes."""
    clean, count = redact(payload)
    if count:
        assert may_need_redaction(pack(payload))
    event = make_free_event("shop.sold", payload, Story("scribe", 1), bytes(10))
    assert event.payload == pack(clean)
    assert unpack(event.payload) == unpack(pack(clean))


@pytest.mark.parametrize(
    "text",
    [
        "Bearer authentication is used",
        "basic Authentication failed",
        "sk-learn-is-a-package-of-python",
        "the password: required",
        'secret = "none"',
        "password is wrong",
        "https://example.org:8080/a@b",
        "task-management-system-of-2026",
        "token_count: 1234567",
        "eyJ.eyJ.eyJ",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
        "/run/bus/events-kernel.sock key=world.seed",
    ],
)
def test_harmless_text_stays(text: str) -> None:
    """What is no credential is told as it is."""
    assert redact_text(text) == (text, 0)


@pytest.mark.parametrize(
    "payload", [{"tokens": 12}, {"token": 7}, {"sort_key": "tick"}, {"keys": "a b"}, {"secret": ""}]
)
def test_harmless_names_stay(payload: dict[str, object]) -> None:
    """Numbers, and names that only sound like one."""
    assert redact(payload) == (payload, 0)


def test_bytes_and_names_are_looked_at() -> None:
    """A credential goes from bytes, and from the keys of a map, of which none is lost."""
    key = "AKIA" + "A1" * 8
    clean, count = redact(
        {"begins": b"\xff" + key.encode(), "deep": {key: 1, "AKIA" + "B2" * 8: 2}}
    )
    assert clean == {"begins": b"\xff[redacted]", "deep": {MARK: 1, MARK + "+": 2}} and count == 3


@given(st.dictionaries(WORDS, PLAIN, max_size=3))
def test_once_is_enough(payload: dict[str, object]) -> None:
    """What was redacted has nothing more to take out, and is not changed again."""
    clean, _ = redact(payload)
    assert redact(clean)[0] == clean


def test_a_token_right_behind_a_key_file() -> None:
    """The dashes at its end hide nothing."""
    file = "-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----"
    for token in ("sk-" + "a1" * 10, "eyJ" + "a" * 9 + "." + "b" * 9 + "." + "c" * 9):
        assert redact_text(file + token) == (MARK * 2, 2)


HOSTILE = (
    *("eyJ-", "eyJ.", "eyJaaaaaaaa.", "eyJ-aaaaaaaa.b", "sk-", "sk-a ", "sk-a-", "-----BEGIN "),
    *("-----BEGIN PRIVATE KEY-----", "-----END ", "A ", "password", "password ", "password=", "'"),
    *("pass", "://", "://a:", "://a:b", "a:@", "Bearer ", "Bearer a", "Basic ", "basic a", "SG.a"),
    *("SG." + "a" * 16 + ".", "xox", "gh", "ghp_", "_key", "secret:", "token = ", "\u212a", "-"),
    *("hooks.slack.com/services/", "ya29.", "a", " ", "."),
)


@pytest.mark.slow
@pytest.mark.parametrize("second", ["", "a", " ", ".", "-"])
def test_hostile_text_takes_no_time(second: str) -> None:
    """64 KiB of anything are looked through in a fraction of a second: no expression runs away."""
    for piece in HOSTILE:
        text = (piece + second) * (65536 // len(piece + second))
        began = time.process_time()
        redact_text(text)
        redact({text: text})
        taken_s = time.process_time() - began
        assert taken_s < 1.0, (piece, second, taken_s)
