"""HMAC signatures against published and worked-out vectors."""

from __future__ import annotations

from config.lib.signing import same, sha256_base64, sha256_hex, signed_with_any

BODY = b'{"id":1,"token":"abc"}'


def test_the_worked_out_vector_holds() -> None:
    assert sha256_base64(b"hush", BODY) == "iIn4aUtu+Ngy8gtxaH8EdWTKPIPRUDoAy8PrOGrPeEU="
    assert sha256_hex(b"hush", BODY) == "8889f8694b6ef8d832f20b71687f047564ca3c83d1503a00cbc3eb386acf7845"


def test_any_of_the_keys_will_do_but_never_an_empty_one() -> None:
    given = sha256_base64(b"hush", BODY)
    assert signed_with_any(given, BODY, [b"old", b"hush"])
    assert not signed_with_any(given, BODY, [b"old"])
    assert not signed_with_any(given, BODY, [])
    assert not signed_with_any(sha256_base64(b"", BODY), BODY, [b""])


def test_any_text_may_be_compared() -> None:
    assert not same("é\ud800", "abc")
    assert same("abc", "abc")
