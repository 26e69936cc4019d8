from __future__ import annotations

import pytest

from config import env


def test_a_port_that_is_no_number_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "eighty")
    with pytest.raises(env.EnvError, match="PORT is 'eighty', but it must be a whole number from 1 to 65535"):
        env.port()


@pytest.mark.parametrize("value", ["65536", "0", "-1", "8e3", "٨٠"])
def test_a_port_out_of_range_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("PORT", value)
    with pytest.raises(env.EnvError, match="PORT"):
        env.port()


@pytest.mark.parametrize("value", ["yes", "1", "TRUE", "on"])
def test_a_flag_reads_every_usual_yes(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("BEHIND_PROXY", value)
    assert env.flag("BEHIND_PROXY") is True


def test_a_flag_that_is_neither_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEHIND_PROXY", "perhaps")
    with pytest.raises(env.EnvError, match="BEHIND_PROXY is 'perhaps'.*set it to 1 or 0"):
        env.flag("BEHIND_PROXY")


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "  ")
    assert env.port() == 8000


@pytest.mark.parametrize(
    "value", ["shop.example", "https://shop.example/x", "ftp://shop.example", "https://", "http://a:x"]
)
def test_a_public_url_that_is_no_origin_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("PUBLIC_URL", value)
    with pytest.raises(env.EnvError, match="PUBLIC_URL"):
        env.public_url()


def test_the_public_url_loses_its_last_slash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBLIC_URL", "https://recover.shop.example/")
    assert env.public_url() == "https://recover.shop.example"


def test_without_a_public_url_the_listening_address_is_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PUBLIC_URL", raising=False)
    monkeypatch.setenv("HOST", "0.0.0.0")
    monkeypatch.setenv("PORT", "8123")
    assert env.public_url() == "http://127.0.0.1:8123"


def test_a_database_of_another_kind_is_refused_without_showing_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "mysql://root:geheim@db/shop")
    with pytest.raises(env.EnvError, match="DATABASE_URL must begin with postgres: or postgresql:") as caught:
        env.database()
    assert "geheim" not in str(caught.value)


def test_a_database_url_keeps_what_libpq_understands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://anna:p%40ss@db.example:6432/shop?sslmode=require")
    database = env.database()
    assert (database["NAME"], database["USER"], database["PASSWORD"]) == ("shop", "anna", "p@ss")
    assert (database["HOST"], database["PORT"], database["OPTIONS"]) == (
        "db.example",
        "6432",
        {"connect_timeout": "5", "sslmode": "require"},
    )


def test_a_database_url_without_a_database_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://anna@db.example")
    with pytest.raises(env.EnvError, match="DATABASE_URL names no database"):
        env.database()


def test_celery_spells_a_unix_socket_its_own_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "unix:///tmp/x/valkey.sock?db=3")
    assert env.broker_url() == "redis+socket:///tmp/x/valkey.sock?virtual_host=3"


def test_a_redis_over_the_network_is_passed_on_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "rediss://:secret@cache.example:6380/1")
    assert env.broker_url() == "rediss://:secret@cache.example:6380/1"


def test_a_data_dir_that_is_a_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATA_DIR", "LICENSE")
    with pytest.raises(env.EnvError, match="DATA_DIR is .*LICENSE', which is a file"):
        env.data_dir()


def test_only_what_has_no_address_is_embedded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://anna@db.example/shop")
    monkeypatch.delenv("REDIS_URL", raising=False)
    assert env.embedded_wanted() == {"postgres": False, "valkey": True}
