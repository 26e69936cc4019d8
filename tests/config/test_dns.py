from __future__ import annotations

import pytest

from config.lib import dns
from tests.standins.names import NameServer


def test_long_texts_are_joined_from_their_parts():
    key = "v=DKIM1; p=" + "A" * 400
    with NameServer({"s1._domainkey.shop.example": [key]}) as server:
        assert dns.texts("s1._domainkey.shop.example", [server.address]) == [key]


def test_a_name_without_texts_and_one_that_is_not_there_have_none():
    with NameServer({"bare.example": []}) as server:
        assert [dns.texts(name, [server.address]) for name in ("bare.example", "gone.example")] == [[], []]


def test_no_answer_is_not_the_same_as_none(monkeypatch):
    monkeypatch.setattr(dns, "SECONDS", 0.2)
    with NameServer({}, silent=True) as server, pytest.raises(dns.NoAnswer, match=r"about shop\.example"):
        dns.texts("shop.example", [server.address])


@pytest.mark.parametrize("name", ["a" * 64 + ".example", "shop..example"])
def test_what_is_no_name_is_refused(name):
    with pytest.raises(ValueError, match="no domain name"):
        dns.texts(name, ["127.0.0.1:9"])
