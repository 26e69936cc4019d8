from __future__ import annotations

import socket
import stat
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.test import Client

from config import env, run, venv


def test_a_taken_port_is_refused_with_a_way_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(
            env.EnvError, match=rf"port {port} at 127\.0\.0\.1 cannot be used .*make run PORT={port + 1}"
        ):
            run.check_port("127.0.0.1", port)


def test_a_free_port_is_fine_and_stays_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    run.check_port("127.0.0.1", port)
    run.check_port("127.0.0.1", port)


def test_a_database_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch, db: None) -> None:
    from django import db as django_db

    database = django_db.connections["default"]
    absent = type(database)(database.settings_dict | {"HOST": "/nowhere"})
    monkeypatch.setattr(django_db, "connection", absent)
    with pytest.raises(env.EnvError, match="the database at DATABASE_URL does not let us in"):
        run.check_servers()


@pytest.mark.django_db
def test_a_broker_that_does_not_answer_is_named(settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    with pytest.raises(env.EnvError, match="the server at REDIS_URL does not answer"):
        run.check_servers()


@pytest.mark.django_db
def test_the_announced_password_opens_the_admin(
    client: Client, tmp_path: Path, settings: Any, monkeypatch: Any
) -> None:
    settings.DATA_DIR = tmp_path
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    call_command("first_run", verbosity=0)
    password_file = tmp_path / "admin-password"
    password = password_file.read_text().strip()
    assert stat.S_IMODE(password_file.stat().st_mode) == 0o600
    assert f"password {password}" in run.announcement()
    assert client.login(username="admin", password=password)


@pytest.mark.django_db
def test_a_second_first_run_leaves_the_admin_alone(tmp_path: Path, settings: Any) -> None:
    settings.DATA_DIR = tmp_path
    call_command("first_run", verbosity=0)
    before = (tmp_path / "admin-password").read_text()
    call_command("first_run", verbosity=0)
    assert (tmp_path / "admin-password").read_text() == before
    assert get_user_model().objects.filter(is_superuser=True).count() == 1


def test_an_old_python_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(venv.sys, "version_info", (3, 9, 2))
    with pytest.raises(SystemExit, match=r"needs Python 3\.11 or newer, this is 3\.9\.2"):
        venv.make_venv()


def test_a_python_without_venv_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(venv.sys.modules, "ensurepip", None)
    with pytest.raises(SystemExit, match="no venv module.*apt install python3-venv"):
        venv.make_venv()


def test_what_is_installed_is_not_installed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(venv, "STAMP", str(tmp_path / "stamp"))
    assert venv.installed() == set()
    (tmp_path / "stamp").write_text("a==1\nb==2\n")
    assert {"a==1"} <= venv.installed()
    assert not {"a==2"} <= venv.installed()
