"""All proxies of the server, and what heals them."""

from __future__ import annotations

import asyncio
import logging

from codeblue.proxy import addresses
from codeblue.proxy.addresses import AddressError
from codeblue.proxy.descriptors import Descriptors
from codeblue.proxy.leases import Leases
from codeblue.proxy.proxy import Proxy
from codeblue.proxy.turns import Turns

RETRY_SECONDS = 0.1

LOG = logging.getLogger("codeblue.proxy")


class Registry:
    """Proxies by name, and the leases of the owners who break them."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.proxies: dict[str, Proxy] = {}
        self.leases = Leases(self._heal)
        self._descriptors, self._turns = Descriptors(), Turns()
        self._healing: set[asyncio.Task[None]] = set()

    def new(self, name: str, listen: str, upstream: str) -> Proxy:
        """A proxy that is neither listening nor registered."""
        return Proxy(name, listen, upstream, self.seed, self._descriptors, self._turns)

    def register(self, proxy: Proxy) -> None:
        """Make a proxy known by its name; one of the same name is stopped for good."""
        previous = self.proxies.get(proxy.name)
        if previous is not None:
            previous.retire()
        self.proxies[proxy.name] = proxy

    def delete(self, proxy: Proxy) -> None:
        """Stop a proxy for good and forget it."""
        proxy.retire()
        if self.proxies.get(proxy.name) is proxy:
            del self.proxies[proxy.name]

    async def reset(self) -> None:
        """Remove all toxics and enable every proxy; raises AddressError for one that cannot be.

        Toxiproxy stops at the first one. Here everything that can be healed is healed.
        """
        proxies = [self.proxies[name] for name in sorted(self.proxies)]
        for proxy in proxies:
            proxy.remove(*proxy.toxics)
        starting = (proxy.start() for proxy in proxies)
        for found in await asyncio.gather(*starting, return_exceptions=True):
            if found is not None:
                raise found

    def stop(self) -> None:
        """Stop everything: the server ends."""
        for task in self._healing:
            task.cancel()
        for proxy in self.proxies.values():
            proxy.retire()

    def _heal(self, owner: str) -> None:
        for proxy in [each for each in self.proxies.values() if each.lease == owner]:
            self.delete(proxy)
        for proxy in self.proxies.values():
            leased = [toxic for toxic in proxy.toxics if toxic.lease == owner]
            if leased:
                proxy.remove(*leased)
            if owner in proxy.holders:
                self._let_go(proxy, owner)

    def _let_go(self, proxy: Proxy, owner: str) -> None:
        proxy.holders.discard(owner)
        if not proxy.holders:
            task = asyncio.get_running_loop().create_task(_enable(proxy))
            self._healing.add(task)
            task.add_done_callback(self._healing.discard)


async def _enable(proxy: Proxy) -> None:
    said = ""
    while not proxy.retired and not proxy.holders:
        try:
            await proxy.start()
            break
        except AddressError as error:
            if said != (said := str(error)):
                LOG.warning("proxy %s: cannot heal: %s; trying again", proxy.name, error)
            await asyncio.sleep(RETRY_SECONDS)


async def differs(proxy: Proxy, listen: str, upstream: str) -> bool:
    """Whether a proxy would have to move; raises AddressError when `listen` cannot be read."""
    if upstream != proxy.upstream:
        await addresses.resolve(listen)
        return True
    return listen != proxy.listen and str(await addresses.resolve(listen)) != proxy.listen
