"""Ed25519: keys that sign module versions, and who has signed one.

Owns: every call of the library, the files' form (PEM, as openssl reads it too). Does not own: where
keys lie (`update_keys.py`), what is signed (`Kernel/core/bundle.py`).
"""

import hashlib

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from Kernel.contract.errors import ConfigError


class SigningKey:
    """The secret half of a key."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key

    @classmethod
    def generate(cls) -> "SigningKey":
        """Return a new one, from the random numbers of the operating system."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def from_pem(cls, pem: bytes, where: str) -> "SigningKey":
        """Return the one in a file.

        Args:
            where: its path, for the error.

        Raises:
            ConfigError: there is no Ed25519 key in it, or one with a pass phrase.
        """
        try:
            key = load_pem_private_key(pem, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise _no_key(where, "secret") from error
        if not isinstance(key, Ed25519PrivateKey):
            raise _no_key(where, "secret")
        return cls(key)

    @property
    def public(self) -> "PublicKey":
        """The half that others are given."""
        return PublicKey(self._key.public_key())

    def sign(self, message: bytes) -> bytes:
        """Return the signature of a message, 64 bytes."""
        return self._key.sign(message)

    def pem(self) -> bytes:
        """Return it as a file, without a pass phrase."""
        return self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


class PublicKey:
    """The half of a key by which signatures are known.

    Attributes:
        id: sha256 of its 32 bytes.
    """

    def __init__(self, key: Ed25519PublicKey) -> None:
        self._key = key
        self.id = hashlib.sha256(key.public_bytes_raw()).digest()

    @classmethod
    def from_pem(cls, pem: bytes, where: str) -> "PublicKey":
        """Return the one in a file.

        Args:
            where: its path, for the error.

        Raises:
            ConfigError: there is no Ed25519 key in it.
        """
        try:
            key = load_pem_public_key(pem)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise _no_key(where, "public") from error
        if not isinstance(key, Ed25519PublicKey):
            raise _no_key(where, "public")
        return cls(key)

    def has_signed(self, signature: bytes, message: bytes) -> bool:
        """Tell whether a signature of a message is by this key."""
        try:
            self._key.verify(signature, message)
        except InvalidSignature:
            return False
        return True

    def pem(self) -> bytes:
        """Return it as a file."""
        return self._key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _no_key(where: str, half: str) -> ConfigError:
    return ConfigError(
        f"cannot read {where}: it holds no {half} Ed25519 key without a pass phrase",
        "molt update keygen FILE",
    )
