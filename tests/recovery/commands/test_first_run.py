from __future__ import annotations

import json
from datetime import timedelta as td
from pathlib import Path

import pytest
from django.contrib.auth.models import User

from carts.storefront import front_page, is_of_store
from customers.models import Store, StoreSecret
from recovery.models import Flow
from tests.factories import make_store
from tests.recovery.commands.running import printed, printed_json

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def data_dir(settings, tmp_path: Path) -> Path:
    settings.DATA_DIR = tmp_path
    settings.PUBLIC_URL = "http://127.0.0.1:8123"
    settings.DEVELOPMENT = True
    return tmp_path


def test_it_opens_the_demo_store_and_keeps_its_secret_in_a_file(data_dir: Path):
    assert "http://127.0.0.1:8123/demo/mailbox/" in printed("first_run")
    store = Store.objects.get()
    assert (store.slug, store.is_demo, store.abandon_after) == ("demo", True, td(minutes=1))
    assert store.allowed_hosts == {"127.0.0.1:8123"}
    kept = json.loads((data_dir / "demo-store.json").read_text())
    assert kept == {"webhook_url": "http://127.0.0.1:8123/webhooks/demo/", "secret": StoreSecret.objects.get().text}
    assert (data_dir / "demo-store.json").stat().st_mode & 0o777 == 0o600
    flow = Flow.objects.get(store=store)
    assert (flow.days_between, flow.minimum_gap) == (0, td(0))
    store.full_clean()


def test_it_makes_an_administrator_whose_password_is_in_a_file(data_dir: Path):
    text = printed("first_run")
    password = (data_dir / "admin-password").read_text().strip()
    assert len(password) >= 16
    assert f"user admin, password {password}" in text
    assert (data_dir / "admin-password").stat().st_mode & 0o777 == 0o600
    admin = User.objects.get()
    assert (admin.username, admin.is_superuser, admin.check_password(password)) == ("admin", True, True)


def test_the_second_run_changes_nothing(data_dir: Path):
    first = printed_json("first_run")
    files = {path.name: path.read_text() for path in data_dir.iterdir()}
    Store.objects.update(name="Renamed")
    second = printed_json("first_run")
    assert (first["made"], second["made"]) == (True, False)
    assert {path.name: path.read_text() for path in data_dir.iterdir()} == files
    assert Store.objects.get().name == "Renamed"
    assert (StoreSecret.objects.count(), User.objects.count(), Flow.objects.count()) == (1, 1, 1)


def test_another_port_is_followed(settings, data_dir: Path):
    printed("first_run")
    settings.PUBLIC_URL = "http://127.0.0.1:9000"
    printed("first_run")
    assert Store.objects.get().domain == "127.0.0.1:9000"
    assert "127.0.0.1:9000" in json.loads((data_dir / "demo-store.json").read_text())["webhook_url"]


def test_an_address_of_the_newer_kind_will_do(settings, data_dir: Path):
    settings.PUBLIC_URL = "http://[::1]:9000"
    printed("first_run")
    store = Store.objects.get()
    assert (store.domain, is_of_store("http://[::1]:9000/demo/restore/x/", store)) == ("[::1]:9000", True)
    assert not is_of_store("http://[::1]:9001/demo/restore/x/", store)
    assert front_page(store) == "http://[::1]:9000/"


def test_a_lost_file_gets_a_new_secret(data_dir: Path):
    printed("first_run")
    (data_dir / "demo-store.json").unlink()
    printed("first_run")
    kept = json.loads((data_dir / "demo-store.json").read_text())["secret"]
    assert [row.text for row in StoreSecret.objects.filter(expires_at=None)] == [kept]


def test_a_fresh_database_takes_the_old_files_over(data_dir: Path):
    printed("first_run")
    files = {path.name: path.read_text() for path in data_dir.iterdir()}
    User.objects.all().delete()
    StoreSecret.objects.all().delete()
    printed("first_run")
    assert {path.name: path.read_text() for path in data_dir.iterdir()} == files
    assert User.objects.get().check_password(files["admin-password"].strip())


def test_a_password_that_a_person_changed_is_not_shown_any_more(data_dir: Path):
    printed("first_run")
    admin = User.objects.get()
    admin.set_password("my own words")
    admin.save(update_fields=["password"])
    assert "the one you have set" in printed("first_run")
    assert not (data_dir / "admin-password").exists()
    assert User.objects.get().check_password("my own words")


def test_a_real_store_of_that_name_is_left_alone(data_dir: Path):
    mine = make_store(slug="demo")
    assert "A store of yours is called demo" in printed("first_run")
    mine.refresh_from_db()
    assert (mine.domain, mine.is_demo) == ("shop.example", False)
    assert not (data_dir / "demo-store.json").exists()


def test_with_a_real_mail_server_the_demo_store_writes_from_the_installations_address(settings):
    printed("first_run")
    assert Store.objects.get().sender_email == "hello@puro.example"
    settings.EMAIL_URL = "smtp://mail.example:587"
    printed("first_run")
    assert Store.objects.get().sender_email == ""


def test_production_gets_no_demo_and_no_password(settings, data_dir: Path):
    settings.DEVELOPMENT = False
    assert "manage.py createsuperuser" in printed("first_run")
    assert (Store.objects.count(), User.objects.count()) == (0, 0)
    assert list(data_dir.iterdir()) == []


def test_it_keeps_quiet_when_asked():
    assert printed("first_run", verbosity=0) == ""
    assert Store.objects.count() == 1
