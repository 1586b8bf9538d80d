"""Secrets under a passphrase: scrypt makes the key, Fernet encrypts and notices any change.

Source: https://cryptography.io/en/latest/fernet/#using-passwords-with-fernet
"""

import base64
import json
import os

from jhos.errors import SettingsError

_SALT_BYTES = 16
# Fixed, so that no file can ask for more memory: 64 MiB, about 0.2 s.
_SCRYPT = {"n": 2**16, "r": 8, "p": 1}


def encrypt(values: dict[str, str], passphrase: str) -> bytes:
    """The salt, then the token."""
    from cryptography.fernet import Fernet

    salt = os.urandom(_SALT_BYTES)
    token = Fernet(_key(passphrase, salt)).encrypt(json.dumps(values).encode())
    return base64.urlsafe_b64encode(salt) + b"\n" + token + b"\n"


def decrypt(content: bytes, passphrase: str) -> dict[str, str]:
    """Raises SettingsError for another passphrase than it was encrypted with."""
    from cryptography.fernet import Fernet, InvalidToken

    salt, _, token = content.partition(b"\n")
    try:
        key = _key(passphrase, base64.urlsafe_b64decode(salt))
        values: dict[str, str] = json.loads(Fernet(key).decrypt(token.strip()))
    except (InvalidToken, ValueError) as error:
        raise SettingsError(
            "The passphrase is not the one that the secrets were encrypted with.",
            "Without it, restore with --without-secrets: new ones are made.",
        ) from error
    return values


def _key(passphrase: str, salt: bytes) -> bytes:
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    return base64.urlsafe_b64encode(Scrypt(salt, 32, **_SCRYPT).derive(passphrase.encode()))
