"""Password files as `htpasswd` writes them: what OpenShift's identity providers of that type read."""

from __future__ import annotations

import base64
import ctypes
import ctypes.util
import hashlib
import hmac
import secrets
import threading

ALPHABET = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
ROUNDS = 1000  # of Apache's MD5 scheme
_lock = threading.Lock()  # the C library's crypt has one buffer for all


def entries(text: str) -> dict[str, str]:
    """User names with their hashes; empty lines and comments are skipped."""
    found = {}
    for line in text.splitlines():
        name, colon, hashed = line.strip().partition(":")
        if colon and name and not name.startswith("#"):
            found[name] = hashed
    return found


def matches(password: str, hashed: str) -> bool:
    """Whether the password is the one that was hashed: bcrypt, SHA-1 or Apache's MD5, as OpenShift takes them.

    >>> matches("pw", "{SHA}GpHWL3ymc5liWkNopqtdSjuqYHM="), matches("no", "{SHA}GpHWL3ymc5liWkNopqtdSjuqYHM=")
    (True, False)
    """
    if hashed.startswith("{SHA}"):
        made = sha1(password)
    elif hashed.startswith("$apr1$"):
        made = apr1(password, hashed.split("$")[2])
    elif hashed.startswith(("$2a$", "$2b$", "$2y$")):
        made = _crypt(password, hashed)
    else:
        return False
    return bool(made) and hmac.compare_digest(made.encode(), hashed.encode())


def make(password: str) -> str:
    """A hash for this password: bcrypt, or SHA-1 where the C library has no bcrypt."""
    salt = "".join(secrets.choice(ALPHABET) for _ in range(21)) + "u"
    return _crypt(password, f"$2y$10${salt}") or sha1(password)


def sha1(password: str) -> str:
    return "{SHA}" + base64.b64encode(hashlib.sha1(password.encode()).digest()).decode()  # noqa: S324 - the format


def apr1(password: str, salt: str) -> str:
    """Apache's variant of the MD5 password scheme."""
    word, salted = password.encode(), salt.encode()[:8]
    inner = _md5(word + salted + word)
    text = word + b"$apr1$" + salted
    text += (inner * (len(word) // 16 + 1))[: len(word)]
    length = len(word)
    while length:
        text += b"\0" if length & 1 else word[:1]
        length >>= 1
    digest = _md5(text)
    for turn in range(ROUNDS):
        mixed = word if turn & 1 else digest
        mixed += salted if turn % 3 else b""
        mixed += word if turn % 7 else b""
        mixed += digest if turn & 1 else word
        digest = _md5(mixed)
    return f"$apr1${salt}${_base64(digest)}"


def _base64(digest: bytes) -> str:
    groups = [(digest[i] << 16 | digest[i + 6] << 8 | digest[(i + 12) if i < 4 else 5], 4) for i in range(5)]
    text = ""
    for value, count in [*groups, (digest[11], 2)]:
        for _ in range(count):
            text += ALPHABET[value & 63]
            value >>= 6
    return text


def _md5(data: bytes) -> bytes:
    return hashlib.md5(data).digest()  # noqa: S324 - the format


def _crypt(password: str, setting: str) -> str:
    """The C library's answer, empty where it does not know the scheme."""
    name = ctypes.util.find_library("crypt")
    if name is None:
        return ""
    library = ctypes.CDLL(name)
    library.crypt.restype = ctypes.c_char_p
    with _lock:
        made: bytes | None = library.crypt(password.encode(), setting.encode())
    return "" if made is None or made.startswith(b"*") else made.decode()
