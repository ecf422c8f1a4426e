"""The environment, as contract §2 lists it."""

from __future__ import annotations

import base64
import multiprocessing
import stat
from pathlib import Path

import pytest

from worker.core.errors import Invalid
from worker.settings import Settings, load

KEY = base64.urlsafe_b64encode(bytes(range(32))).decode()
OTHER_KEY = base64.urlsafe_b64encode(bytes(range(32, 64))).decode()

DEFAULTS = {
    "database_url": "sqlite:///visit-sync.db",
    "redis_url": None,
    "port": 8000,
    "host": "127.0.0.1",
    "fieldcamp_base_url": "https://api.fieldcamp.ai",
    "google_base_url": "https://www.googleapis.com",
    "google_token_url": "https://oauth2.googleapis.com/token",
    "google_client_id": None,
    "google_client_secret": None,
    "microsoft_graph_url": "https://graph.microsoft.com/v1.0",
    "microsoft_authority_url": "https://login.microsoftonline.com/common",
    "microsoft_client_id": None,
    "microsoft_client_secret": None,
    "quickbooks_base_url": "https://quickbooks.api.intuit.com",
    "quickbooks_token_url": "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer",
    "quickbooks_client_id": None,
    "quickbooks_client_secret": None,
    "quickbooks_webhook_verifier": None,
    "review_rover_base_url": "https://dashboard.reviewrover.co/api",
    "zendesk_sell_base_url": "https://api.getbase.com",
    "public_url": None,
    "sync_cadence_seconds": 1800,
    "sync_debounce_seconds": 2,
    "sync_lease_seconds": 60,
}


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


def test_every_variable_has_the_default_of_the_contract() -> None:
    settings = load()
    assert {name: getattr(settings, name) for name in DEFAULTS} == DEFAULTS
    assert set(Settings.model_fields) == {*DEFAULTS, "secret_keys"}


ACCEPTED = [
    ("DATABASE_URL", "postgres://u:p@db/visits", "postgresql+psycopg://u:p@db/visits"),
    ("DATABASE_URL", "postgresql://db/visits?sslmode=require", "postgresql+psycopg://db/visits?sslmode=require"),
    ("DATABASE_URL", "postgresql+psycopg:///visits?host=/run/pg", "postgresql+psycopg:///visits?host=/run/pg"),
    ("DATABASE_URL", "sqlite:////srv/a file.db", "sqlite:////srv/a file.db"),
    ("REDIS_URL", "redis://:secret@localhost:6380/3", "redis://:secret@localhost:6380/3"),
    ("REDIS_URL", "rediss://host/0", "rediss://host/0?ssl_cert_reqs=required"),
    ("REDIS_URL", "rediss://host/0?ssl_cert_reqs=none", "rediss://host/0?ssl_cert_reqs=none"),
    ("REDIS_URL", "unix:///run/redis.sock?db=1", "unix:///run/redis.sock?db=1"),
    ("REDIS_URL", "redis+socket:///run/redis.sock", "redis+socket:///run/redis.sock"),
    ("REDIS_URL", "", None),
    ("PORT", "0", 0),
    ("PORT", "65535", 65535),
    ("HOST", "::", "::"),
    ("SECRET_KEYS", f"{KEY}, {OTHER_KEY}", (KEY, OTHER_KEY)),
    ("FIELDCAMP_BASE_URL", "http://127.0.0.1:9100/fieldcamp/", "http://127.0.0.1:9100/fieldcamp"),
    ("MICROSOFT_AUTHORITY_URL", "http://127.0.0.1:9100/common", "http://127.0.0.1:9100/common"),
    ("MICROSOFT_AUTHORITY_URL", "http://[::1]:9100/common", "http://[::1]:9100/common"),
    ("MICROSOFT_AUTHORITY_URL", "http://localhost/common", "http://localhost/common"),
    ("PUBLIC_URL", "https://sync.example.com", "https://sync.example.com"),
    ("PUBLIC_URL", "", None),
    ("SYNC_CADENCE_SECONDS", "0.5", 0.5),
    ("SYNC_DEBOUNCE_SECONDS", "0", 0.0),
]


@pytest.mark.parametrize(("name", "given", "value"), ACCEPTED)
def test_a_right_value_is_taken(monkeypatch: pytest.MonkeyPatch, name: str, given: str, value: object) -> None:
    monkeypatch.setenv("SECRET_KEYS", KEY)
    monkeypatch.setenv(name, given)
    assert getattr(load(), name.lower()) == value


REFUSED = [
    ("DATABASE_URL", ""),
    ("DATABASE_URL", "mysql://db/visits"),
    ("DATABASE_URL", "postgresql+asyncpg://db/visits"),
    ("DATABASE_URL", "postgresql://db:port/visits"),
    ("DATABASE_URL", "sqlite://"),
    ("DATABASE_URL", "sqlite:///:memory:"),
    ("DATABASE_URL", "sqlite://host/visits.db"),
    ("DATABASE_URL", "visits.db"),
    ("REDIS_URL", "localhost:6379"),
    ("REDIS_URL", "http://localhost:6379"),
    ("REDIS_URL", "redis://localhost/zero"),
    ("REDIS_URL", "unix://"),
    ("REDIS_URL", "redis://localhost:99999/0"),
    ("PORT", ""),
    ("PORT", "65536"),
    ("PORT", "-1"),
    ("PORT", "80.5"),
    ("PORT", "١٢"),
    ("HOST", ""),
    ("HOST", "http://localhost"),
    ("SECRET_KEYS", "secretsecret"),
    ("SECRET_KEYS", f"{KEY},"),
    ("SECRET_KEYS", f"{KEY},{KEY[:-5]}"),
    ("FIELDCAMP_BASE_URL", ""),
    ("FIELDCAMP_BASE_URL", "ftp://secretsecret"),
    ("GOOGLE_BASE_URL", "www.googleapis.com"),
    ("GOOGLE_TOKEN_URL", "https://"),
    ("MICROSOFT_GRAPH_URL", "https://user:secretsecret@graph.microsoft.com"),
    ("MICROSOFT_AUTHORITY_URL", "http://login.example.com/common"),
    ("QUICKBOOKS_BASE_URL", "https://quickbooks.example.com/\nsecretsecret"),
    ("PUBLIC_URL", "sync.example.com"),
    ("SYNC_CADENCE_SECONDS", "0"),
    ("SYNC_CADENCE_SECONDS", "nan"),
    ("SYNC_CADENCE_SECONDS", "1e300"),
    ("SYNC_CADENCE_SECONDS", "half an hour"),
    ("SYNC_LEASE_SECONDS", "-60"),
    ("SYNC_DEBOUNCE_SECONDS", "inf"),
    ("GOOGLE_CLIENT_SECRET", "secretsecret\n"),
]


@pytest.mark.parametrize(("name", "given"), REFUSED)
def test_a_wrong_value_stops_us_with_one_line_that_names_it(
    monkeypatch: pytest.MonkeyPatch, name: str, given: str
) -> None:
    monkeypatch.setenv("SECRET_KEYS", KEY)
    monkeypatch.setenv(name, given)
    with pytest.raises(Invalid) as refusal:
        load()
    assert refusal.value.message.startswith(f"{name} must ")
    assert "\n" not in refusal.value.message
    assert "secretsecret" not in refusal.value.message
    assert set(refusal.value.details) == {name}


def test_all_wrong_values_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "http")
    monkeypatch.setenv("SYNC_LEASE_SECONDS", "long")
    with pytest.raises(Invalid, match=r"PORT must be .*; SYNC_LEASE_SECONDS must be "):
        load()


def test_postgresql_without_keys_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://user:secretsecret@db/visits")
    with pytest.raises(Invalid, match="SECRET_KEYS is missing") as refusal:
        load()
    assert "secretsecret" not in str(refusal.value)


def test_nothing_but_the_environment_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PORT=1234\n")
    monkeypatch.setenv("HOME_PORT", "5")
    assert load().port == 8000


def test_settings_are_frozen_and_their_repr_tells_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = {
        "DATABASE_URL": "postgresql://user:hidden-1@db/visits",
        "REDIS_URL": "redis://:hidden-2@localhost/0",
        "GOOGLE_CLIENT_SECRET": "hidden-3",
        "MICROSOFT_CLIENT_SECRET": "hidden-4",
        "QUICKBOOKS_CLIENT_SECRET": "hidden-5",
        "QUICKBOOKS_WEBHOOK_VERIFIER": "hidden-6",
        "SECRET_KEYS": KEY,
    }
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    settings = load()
    for shown in (repr(settings), str(settings)):
        assert "hidden" not in shown
        assert KEY not in shown
    with pytest.raises(ValueError, match="frozen"):
        settings.port = 1  # type: ignore[misc]


def test_the_keys_of_a_sqlite_file_are_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    first = load().secret_keys
    kept = tmp_path / "visit-sync.db.keys"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert load().secret_keys == first
    assert [path.name for path in tmp_path.iterdir()] == ["visit-sync.db.keys"]


def test_many_processes_that_start_together_agree_on_the_keys(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        keys = pool.map(_keys, [str(tmp_path)] * 8)
    assert len(set(keys)) == 1


def _keys(folder: str) -> tuple[str, ...]:
    from worker.secret_keys import kept_keys  # noqa: PLC0415 - runs in another process

    return kept_keys(Path(folder) / "visit-sync.db")


@pytest.mark.parametrize("content", ["", "no key\n", "\xff"])
def test_spoilt_keys_are_never_replaced(tmp_path: Path, content: str) -> None:
    kept = tmp_path / "visit-sync.db.keys"
    kept.write_text(content, "latin-1")
    with pytest.raises(Invalid, match=r"SECRET_KEYS is missing, and .*visit-sync\.db\.keys"):
        load()
    assert kept.read_text("latin-1") == content


def test_a_folder_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "sqlite:///nowhere/visits.db")
    with pytest.raises(Invalid, match=r"SECRET_KEYS is missing, and .*nowhere"):
        load()


def test_files_of_one_machine_lie_beside_the_database(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/here/visits.db?timeout=5")
    monkeypatch.setenv("SECRET_KEYS", KEY)
    settings = load()
    assert settings.sqlite_path == tmp_path / "here" / "visits.db"
    assert settings.data_dir == tmp_path / "here" / ".visit-sync" / "visits.db"
    assert settings.with_redis("unix:///x/redis.sock").redis_url == "unix:///x/redis.sock"
