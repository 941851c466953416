"""Checkpoints: signed hashes of a trail, kept where whoever owns the database has no hand."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from reference_platform.audit.chain import Link


class Checkpoints:
    """The checkpoints in a folder, one file of JSON lines per tenant."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def tenants(self) -> list[str]:
        """Whose trails have checkpoints."""
        return sorted(file.stem for file in self._folder.glob("*.jsonl"))

    def add(self, tenant: str, link: Link, at: str, seed: str) -> None:
        """Sign and keep that `tenant`'s trail was at `link` at the time `at`.

        `seed` is an Ed25519 private key (RFC 8032) in hexadecimal. OSError when it is not kept.
        """
        key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed))
        signed = {"tenant": tenant, "position": link.position, "hash": link.hash, "at": at}
        line = {
            **signed,
            "key": key.public_key().public_bytes_raw().hex(),
            "signature": key.sign(_text(signed)).hex(),
        }
        self._append(tenant, orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))

    def _append(self, tenant: str, line: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        file = self._folder / f"{tenant}.jsonl"
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(descriptor, line)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def signed(self, tenant: str, key: str | None = None) -> dict[int, str]:
        """Hash by position, from every line whose signature holds.

        `key` is the public key (hexadecimal) that must have signed; without one, that of the line.
        ValueError names a line that is no checkpoint of this tenant.
        """
        file = self._folder / f"{tenant}.jsonl"
        lines = file.read_bytes().splitlines() if file.exists() else []
        read = (_read(line, tenant, key, number) for number, line in enumerate(lines, 1))
        return {link.position: link.hash for link in read}


def _read(line: bytes, tenant: str, key: str | None, number: int) -> Link:
    try:
        told = orjson.loads(line)
        # The tenant is not the line's to say: a line from another trail has no valid signature.
        signed = {"tenant": tenant, **{name: told[name] for name in ("position", "hash", "at")}}
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key or told["key"]))
        public.verify(bytes.fromhex(told["signature"]), _text(signed))
    except (ValueError, KeyError, TypeError, InvalidSignature):
        raise ValueError(
            f"{tenant}.jsonl, line {number}: not a checkpoint with a valid signature."
        ) from None
    return Link(told["position"], told["hash"])


def _text(signed: Mapping[str, object]) -> bytes:
    return orjson.dumps(signed, option=orjson.OPT_SORT_KEYS)
