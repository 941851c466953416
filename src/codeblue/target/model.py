"""The target as typed models, one per section of ``codeblue.toml``."""

from __future__ import annotations

import os
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from codeblue.errors import UsageError, did_you_mean
from codeblue.target.duration import Duration


def _address(value: str) -> str:
    host, _, port = value.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 2**16:
        raise ValueError(f'not an address: {value!r}. Write it like "127.0.0.1:5432"')
    return value


def _environment_reference(value: str) -> str:
    if not value.startswith("env:"):
        raise ValueError('secrets are given by reference only. Write "env:NAME_OF_A_VARIABLE"')
    return value


def _answering(value: str) -> str:
    parts = urlsplit(value) if "://" in value else None
    if parts is None:
        return _address(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f'not an address: {value!r}. Write "host:port" or "http://host:port/path"')
    return value


Address = Annotated[str, AfterValidator(_address)]
Answering = Annotated[str, AfterValidator(_answering)]
SecretReference = Annotated[str, AfterValidator(_environment_reference)]


class Section(BaseModel):
    """A section of the file: unknown keys are refused, and it never changes once read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Start(Section):
    """``[target.start]``: how to start the platform, when codeblue is to start it.

    ``command`` is a list of arguments, not a shell line, so that paths may hold spaces. When one of
    the paths ``alive`` goes on failing after a check, the signal ``restart`` is sent to it.
    """

    command: list[str] = Field(min_length=1)
    ready: str = "/health/ready"
    timeout: Duration = 60.0
    alive: list[str] = Field(default_factory=list)
    restart: Literal["SIGHUP", "SIGUSR1", "SIGUSR2"] | None = None
    environment: dict[str, str] = Field(default_factory=dict)


class Tenant(Section):
    """``[tenants.NAME]``: an institution on the platform, and who may act for it."""

    roles: dict[str, SecretReference] = Field(default_factory=dict)
    population: str = "pilot-clinic"
    patients: int = Field(default=40, ge=1, le=100_000)


class Edge(Section):
    """``[edges.NAME]``: a dependency that can be broken.

    ``upstream`` is where it really is, ``listen`` where the platform looks for it; the fault proxy
    stands between the two.
    """

    name: str
    upstream: Address
    listen: Address


class Process(Section):
    """``[processes.NAME]``: a process that can be stopped, killed and restarted.

    It is the one descendant of the platform with ``match`` in its name or command line, or the one
    whose number is in ``pidfile``; with both, the latter if it matches. After a kill it is well
    again when a successor runs and ``answers`` (``host:port`` or a URL) does. ``restart`` is a
    command that starts it again; without one, the platform is expected to, and ``stop_signal``
    is what ends it in order.
    """

    match: str | None = Field(default=None, min_length=3)
    pidfile: str | None = Field(default=None, min_length=1)
    restart: list[str] | None = Field(default=None, min_length=1)
    stop_signal: Literal["SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP"] = "SIGTERM"
    answers: Answering | None = None

    @model_validator(mode="after")
    def _can_be_found(self) -> Self:
        if self.match is None and self.pidfile is None:
            raise ValueError(
                'it cannot be found. Add match = "text in its command line", or pidfile = "a path"'
            )
        return self


class Objective(Section):
    """``[objectives.JOURNEY]``: what the users of a journey were promised."""

    availability: float = Field(default=99.0, gt=0, le=100)
    p99: Duration | None = None
    recovery: Duration | None = None


def _host(address: str) -> str:
    if "://" in address:
        return urlsplit(address).hostname or address
    return address.rpartition(":")[0]


class Target(Section):
    """The platform under test, with every placeholder resolved."""

    name: str
    base_url: str
    replicas: tuple[str, ...] = ()
    """Other addresses of the same API, each in front of other processes of the platform."""
    openapi: str | None = None
    fhir: str | None = None
    capabilities: tuple[str, ...] = ()
    allow: tuple[str, ...] = ("127.0.0.1",)
    start: Start | None = None
    tenants: dict[str, Tenant] = Field(default_factory=dict)
    edges: dict[str, Edge] = Field(default_factory=dict)
    processes: dict[str, Process] = Field(default_factory=dict)
    objectives: dict[str, Objective] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _only_allowed_hosts(self) -> Self:
        addresses = {"target.base_url": urlsplit(self.base_url).hostname or self.base_url}
        for replica in self.replicas:
            addresses["target.replicas"] = urlsplit(replica).hostname or replica
        for name, edge in self.edges.items():
            addresses[f"edges.{name}.upstream"] = edge.upstream.rpartition(":")[0]
            addresses[f"edges.{name}.listen"] = edge.listen.rpartition(":")[0]
        for name, process in self.processes.items():
            if process.answers:
                addresses[f"processes.{name}.answers"] = _host(process.answers)
        for place, host in addresses.items():
            if host not in self.allow:
                raise ValueError(
                    f'{place} names the host "{host}", which target.allow does not list. Nothing '
                    "else is ever driven or broken; add it there only if it is yours"
                )
        return self

    def edge(self, name: str) -> Edge:
        """The edge called ``name``.

        Raises:
            UsageError: there is none.
        """
        if name not in self.edges:
            raise UsageError(
                f'edge "{name}": codeblue.toml has no such edge. {did_you_mean(name, self.edges)}'
            )
        return self.edges[name]

    def process(self, name: str) -> Process:
        """The process called ``name``.

        Raises:
            UsageError: there is none.
        """
        if name not in self.processes:
            hint = did_you_mean(name, self.processes)
            raise UsageError(f'process "{name}": codeblue.toml has no such process. {hint}')
        return self.processes[name]

    def tenant(self, name: str) -> Tenant:
        """The tenant called ``name``.

        Raises:
            UsageError: there is none.
        """
        if name not in self.tenants:
            hint = did_you_mean(name, self.tenants)
            raise UsageError(f'tenant "{name}": codeblue.toml has no such tenant. {hint}')
        return self.tenants[name]

    def token(self, tenant: str, role: str) -> str:
        """The bearer token of ``role`` at ``tenant``.

        Raises:
            UsageError: no such tenant or role, or the variable it refers to is not set.
        """
        roles = self.tenant(tenant).roles
        if role not in roles:
            hint = did_you_mean(role, roles)
            raise UsageError(f'role "{role}": tenant "{tenant}" has no such role. {hint}')
        variable = roles[role].removeprefix("env:")
        given = self.start.environment if self.start else {}
        token = given.get(variable) or os.environ.get(variable)
        if not token:
            raise UsageError(
                f"codeblue.toml [tenants.{tenant}.roles] {role}: the variable {variable} is not "
                "set. Export it with the token of that role."
            )
        return token
