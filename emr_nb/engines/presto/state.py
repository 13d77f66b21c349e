"""What a session is at the client: catalog, schema, properties and the rest, sent with each query.

The server keeps none of it; a reply's `Set-…` headers tell what a statement has changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote_plus, unquote_plus

NO_TRANSACTION = "NONE"


@dataclass(frozen=True, slots=True)
class ClientState:
    """One moment of a session; headers of either dialect are made of it and change it.

    `encodings` are those of the spooled protocol that are asked for, the best first.
    """

    user: str
    catalog: str = ""
    schema: str = ""
    path: str = ""
    time_zone: str = ""
    encodings: str = ""
    authorization: str = ""  # SET SESSION AUTHORIZATION: who it is from then on
    transaction: str = NO_TRANSACTION
    properties: Mapping[str, str] = field(default_factory=dict)
    prepared: Mapping[str, str] = field(default_factory=dict)
    roles: Mapping[str, str] = field(default_factory=dict)
    original_roles: str = ""

    @property
    def in_transaction(self) -> bool:
        return self.transaction != NO_TRANSACTION

    def headers(self, prefix: str) -> dict[str, str]:
        """Return the headers of a statement, each beginning with `X-Trino-` or `X-Presto-`."""
        named = {
            "Catalog": self.catalog,
            "Schema": self.schema,
            "Path": self.path,
            "Time-Zone": self.time_zone,
            "Query-Data-Encoding": self.encodings,
            "Transaction-Id": self.transaction,
            "Session": _joined(self.properties),
            "Prepared-Statement": _joined(self.prepared),
            "Role": _joined(self.roles),
        }
        own = {prefix + name: value for name, value in named.items() if value}
        return self.who(prefix) | own

    def who(self, prefix: str) -> dict[str, str]:
        """Return the headers of what is asked about a statement: the server knows the rest."""
        named = {
            "User": self.authorization or self.user,
            "Original-User": self.user if self.authorization else "",
            "Original-Role": self.original_roles,
        }
        return {prefix + name: value for name, value in named.items() if value}

    def changed(self, headers: Mapping[str, str], prefix: str) -> ClientState:
        """Return the state after a reply with these headers."""
        lead = prefix.lower()
        if not any(name.lower().startswith(lead) for name in headers):
            return self  # as nearly every reply

        def told(name: str) -> str | None:
            return headers.get(prefix + name)

        changes: dict[str, Any] = {}
        for name, attribute in _PLAIN.items():
            if (value := told(name)) is not None:
                changes[attribute] = value
        if told("Clear-Transaction-Id") is not None:
            changes["transaction"] = NO_TRANSACTION
        if told("Reset-Authorization-User") is not None:
            changes |= {"authorization": "", "original_roles": ""}
        for added, removed, attribute in _TABLES:
            table: Mapping[str, str] = getattr(self, attribute)
            gone = {unquote_plus(name) for name in _items(told(removed) if removed else None)}
            pairs = dict(_pairs(told(added)))
            if gone or pairs:
                kept = {name: value for name, value in table.items() if name not in gone}
                changes[attribute] = {**kept, **pairs}
        return replace(self, **changes) if changes else self


_PLAIN = {
    "Set-Catalog": "catalog",
    "Set-Schema": "schema",
    "Set-Path": "path",
    "Set-Authorization-User": "authorization",
    "Set-Original-Roles": "original_roles",
    "Started-Transaction-Id": "transaction",
}
_TABLES = (
    ("Set-Session", "Clear-Session", "properties"),
    ("Added-Prepare", "Deallocated-Prepare", "prepared"),
    ("Set-Role", "", "roles"),
)


def _joined(table: Mapping[str, str]) -> str:
    return ",".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in table.items())


def _items(header: str | None) -> Iterator[str]:
    return (item.strip() for item in (header or "").split(",") if item.strip())


def _pairs(header: str | None) -> Iterator[tuple[str, str]]:
    for item in _items(header):
        name, _, value = item.partition("=")
        yield unquote_plus(name), unquote_plus(value)
