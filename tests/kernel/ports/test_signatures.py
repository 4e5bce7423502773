"""Keys: what they sign is known again, what is none is an error with its file."""

import subprocess

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from Kernel.contract.errors import ConfigError
from Kernel.ports.signatures import PublicKey, SigningKey


def test_a_signature_is_of_one_key_and_one_message() -> None:
    """Another key, another message, another byte: it is no signature."""
    key, other = SigningKey.generate(), SigningKey.generate()
    signature = key.sign(b"message")
    assert len(signature) == 64 and key.public.has_signed(signature, b"message")
    assert not key.public.has_signed(signature, b"messagf")
    assert not other.public.has_signed(signature, b"message")
    for place in range(64):
        changed = bytearray(signature)
        changed[place] ^= 0x80
        assert not key.public.has_signed(bytes(changed), b"message")
    for wrong in (b"", signature[:63], signature + b"\0", bytes(64)):
        assert not key.public.has_signed(wrong, b"message")


def test_as_a_file_and_back() -> None:
    """Both halves survive their file; the id is of the public one."""
    key = SigningKey.generate()
    again = SigningKey.from_pem(key.pem(), "key")
    public = PublicKey.from_pem(key.public.pem(), "key.pub")
    assert again.public.id == public.id == key.public.id and len(public.id) == 32
    assert public.has_signed(again.sign(b"x"), b"x")


@pytest.mark.parametrize("pem", [b"", b"junk", b"\xff" * 100, b"-----BEGIN PRIVATE KEY-----\n"])
def test_what_is_no_key(pem: bytes) -> None:
    """Anything else in a file is told with the file."""
    with pytest.raises(ConfigError, match=r"cannot read a\.pem: it holds no secret"):
        SigningKey.from_pem(pem, "a.pem")
    with pytest.raises(ConfigError, match=r"cannot read a\.pub: it holds no public"):
        PublicKey.from_pem(pem, "a.pub")


def test_a_key_of_another_kind() -> None:
    """A key for something else is none, and halves are not taken for each other."""
    other = X25519PrivateKey.generate()
    with pytest.raises(ConfigError):
        SigningKey.from_pem(
            other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), "x"
        )
    with pytest.raises(ConfigError):
        PublicKey.from_pem(
            other.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), "x"
        )
    key = SigningKey.generate()
    with pytest.raises(ConfigError):
        PublicKey.from_pem(key.pem(), "x")


def test_openssl_reads_it(tmp_path) -> None:
    """The files are what openssl calls an Ed25519 key, so that keys can be kept elsewhere."""
    place = tmp_path / "key"
    place.write_bytes(SigningKey.generate().pem())
    try:
        done = subprocess.run(
            ["openssl", "pkey", "-in", str(place), "-noout", "-text"],
            capture_output=True, text=True, check=False, timeout=20,
        )  # fmt: skip
    except FileNotFoundError:
        pytest.skip("openssl is not here")
    assert done.stdout.startswith("ED25519 Private-Key")
