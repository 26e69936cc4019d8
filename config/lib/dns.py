"""Asking the DNS: short deadlines, and errors that tell "there is none" from "nobody answered"."""

from __future__ import annotations

from collections.abc import Sequence

import dns.exception
import dns.name
import dns.resolver

SECONDS = 3.0


class NoAnswer(Exception):
    """The DNS could not be asked: no server answered in time, or it failed. Says nothing about the name."""


def texts(name: str, servers: Sequence[str] = ()) -> list[str]:
    """The TXT records of a name, each joined from its parts (RFC 7208 §3.3); [] where there are none.

    `servers` ("127.0.0.1:5353") in place of the machine's own. Raises NoAnswer, ValueError for what is no name.
    """
    try:
        answer = _resolver(servers).resolve(name, "TXT", lifetime=SECONDS, search=False)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    except (dns.name.LabelTooLong, dns.name.NameTooLong, dns.name.EmptyLabel, dns.name.BadEscape) as error:
        raise ValueError(f"“{name}” is no domain name.") from error
    except dns.exception.DNSException as error:
        raise NoAnswer(f"the DNS gave no answer about {name}") from error
    return [b"".join(record.strings).decode("utf-8", "replace") for record in answer]


def _resolver(servers: Sequence[str]) -> dns.resolver.Resolver:
    if not servers:
        return dns.resolver.Resolver()
    resolver = dns.resolver.Resolver(configure=False)
    host, _, port = servers[0].rpartition(":")
    resolver.nameservers, resolver.port = [host], int(port)
    return resolver
