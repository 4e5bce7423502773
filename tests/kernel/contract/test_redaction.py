"""What looks like a credential is taken out, and the cheap look before misses none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from Kernel.contract.codec import pack, unpack
from Kernel.contract.kinds import Story, make_free_event
from Kernel.contract.redaction import MARK, may_need_redaction, redact

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
    "postgres://user:word@host/base",
    *(f"{name}=hunter22" for name in ("password", "Api-Key", "access_key", "client_secret")),
    "pa\u017f\u017fword: hunter22",
    "API_\u212aEY: hunter22",
)
KEYS = (
    *("pass", "password", "db_passwd", "passphrase", "secret", "token", "API-Key", "apikey"),
    *("access_key", "accesskey", "private_key", "credential", "credentials", "Authorization"),
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
