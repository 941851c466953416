"""A lease on the fault proxy: while its holder lives, its faults may stay."""

from __future__ import annotations

import os
import secrets
import threading
from typing import Self

import httpx

from codeblue.errors import CodeblueError

HEARTBEAT_SECONDS = 0.4
ANSWER_SECONDS = 1.0


class Lease:
    """Renews itself from a daemon thread; when its process dies, the proxy heals what it owns.

    `seconds` is how long the proxy waits for a renewal. A real Toxiproxy knows no leases: then
    `supported` is False, `explanation` says what that means, and nothing else happens.
    """

    def __init__(self, proxy_url: str, owner: str | None = None, seconds: float = 1.5) -> None:
        self.owner = owner or f"codeblue-{os.getpid()}-{secrets.token_hex(3)}"
        self.seconds = seconds
        self.supported = False
        self._url = f"{proxy_url.rstrip('/')}/leases/{self.owner}"
        self._client = httpx.Client(timeout=ANSWER_SECONDS, trust_env=False)
        self._done = threading.Event()
        self._heartbeat = threading.Thread(target=self._beat, name="lease", daemon=True)

    def __enter__(self) -> Self:
        try:
            self.supported = self._renew() != httpx.codes.NOT_FOUND
        except httpx.HTTPError as error:
            raise CodeblueError(
                f"{self._url}: the fault proxy does not answer ({type(error).__name__}). "
                "Start the session again; no fault was injected."
            ) from error
        if self.supported:
            self._heartbeat.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.supported:
            self._done.set()
            self._heartbeat.join()
            self._end()
        self._client.close()

    @property
    def mark(self) -> dict[str, str]:
        """What a fault adds to its request so that this lease owns it; empty when unsupported."""
        return {"lease": self.owner} if self.supported else {}

    @property
    def explanation(self) -> str:
        """What happens to the faults if their holder is killed."""
        if self.supported:
            return f"faults of {self.owner} heal {self.seconds} s after their holder falls silent"
        return (
            "this Toxiproxy knows no leases: if the run is killed, its faults stay until somebody "
            "sends POST /reset"
        )

    def _beat(self) -> None:
        while not self._done.wait(HEARTBEAT_SECONDS):
            try:
                self._renew()
            except httpx.HTTPError:
                continue  # the next beat tries again

    def _renew(self) -> int:
        body = {"expires_in": round(self.seconds * 1000)}
        return self._client.put(self._url, json=body).status_code

    def _end(self) -> None:
        try:
            self._client.delete(self._url)
        except httpx.HTTPError:
            return  # not renewed any more, it ends by itself
