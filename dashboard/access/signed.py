"""What a browser keeps for us: readable, signed with HMAC-SHA-256, for one purpose each."""

from __future__ import annotations

import hashlib

from itsdangerous import URLSafeTimedSerializer


def signed(key: bytes, purpose: str) -> URLSafeTimedSerializer:
    """Signs and checks values of one purpose; what was signed for another does not pass.

    Examples
    --------
    >>> text = signed(b"key", "device").dumps([1, "a"])
    >>> signed(b"key", "device").loads(text, max_age=60)
    [1, 'a']
    """
    return URLSafeTimedSerializer(key, salt=purpose, signer_kwargs={"digest_method": hashlib.sha256})
