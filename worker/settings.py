"""The environment, read once, frozen."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import unquote, urlsplit

from pydantic import BeforeValidator, Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from worker import setting_values as values
from worker.core.errors import Invalid
from worker.secret_keys import kept_keys

DATA_FOLDER = ".visit-sync"
"""Where one machine keeps the embedded server's files and its locks: beside the SQLite file, or where we started."""

HttpUrl = Annotated[str, BeforeValidator(values.http_url)]
AuthorityUrl = Annotated[str, BeforeValidator(values.authority_url)]
PublicUrl = Annotated[str | None, BeforeValidator(values.optional(values.http_url))]
DatabaseUrl = Annotated[str, BeforeValidator(values.database_url)]
RedisUrl = Annotated[str | None, BeforeValidator(values.optional(values.redis_url))]
Host = Annotated[str, BeforeValidator(values.host)]
Port = Annotated[int, BeforeValidator(values.port)]
Seconds = Annotated[float, BeforeValidator(values.positive_seconds)]
Delay = Annotated[float, BeforeValidator(values.seconds)]
Text = Annotated[str | None, BeforeValidator(values.optional(values.text))]
Keys = Annotated[tuple[str, ...], NoDecode, BeforeValidator(values.fernet_keys)]


class Settings(BaseSettings):
    """Every variable of contract §2. URLs stand without a trailing slash; what may hold a secret is not in the repr.

    ``redis_url`` is None where an embedded server is to be started.
    """

    model_config = SettingsConfigDict(frozen=True, env_file=None, extra="ignore", hide_input_in_errors=True)

    database_url: DatabaseUrl = Field("sqlite:///visit-sync.db", repr=False)
    redis_url: RedisUrl = Field(None, repr=False)
    port: Port = 8000
    host: Host = "127.0.0.1"
    secret_keys: Keys = Field((), repr=False)
    fieldcamp_base_url: HttpUrl = "https://api.fieldcamp.ai"
    google_base_url: HttpUrl = "https://www.googleapis.com"
    google_token_url: HttpUrl = "https://oauth2.googleapis.com/token"  # noqa: S105 - the address of a door, not its key
    google_client_id: Text = None
    google_client_secret: Text = Field(None, repr=False)
    microsoft_graph_url: HttpUrl = "https://graph.microsoft.com/v1.0"
    microsoft_authority_url: AuthorityUrl = "https://login.microsoftonline.com/common"
    microsoft_client_id: Text = None
    microsoft_client_secret: Text = Field(None, repr=False)
    quickbooks_base_url: HttpUrl = "https://quickbooks.api.intuit.com"
    quickbooks_token_url: HttpUrl = "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer"  # noqa: S105 - as above
    quickbooks_client_id: Text = None
    quickbooks_client_secret: Text = Field(None, repr=False)
    quickbooks_webhook_verifier: Text = Field(None, repr=False)
    review_rover_base_url: HttpUrl = "https://dashboard.reviewrover.co/api"
    zendesk_sell_base_url: HttpUrl = "https://api.getbase.com"
    public_url: PublicUrl = None
    sync_cadence_seconds: Seconds = 1800.0
    sync_debounce_seconds: Delay = 2.0
    sync_lease_seconds: Seconds = 60.0

    @model_validator(mode="after")
    def _has_keys(self) -> Self:
        if not self.secret_keys and not self.is_sqlite:
            raise ValueError(values.KEYS_MISSING)
        return self

    @property
    def is_sqlite(self) -> bool:
        return self.database_url.startswith("sqlite:")

    @property
    def sqlite_path(self) -> Path:
        """The SQLite file, absolute; only where ``is_sqlite``."""
        assert self.is_sqlite
        return Path(unquote(urlsplit(self.database_url).path).removeprefix("/")).absolute()

    @property
    def data_dir(self) -> Path:
        """Where `up`, `demo` and the embedded server keep their files: one folder for one database."""
        if self.is_sqlite:
            return self.sqlite_path.parent / DATA_FOLDER / self.sqlite_path.name
        return Path.cwd() / DATA_FOLDER / "postgresql"

    def with_redis(self, url: str) -> "Settings":
        """The same settings with a broker: what the embedded server answers to."""
        return self.model_copy(update={"redis_url": values.redis_url(url)})


def load() -> Settings:
    """The settings that the environment asks for.

    Raises Invalid with one line that names each variable that is wrong or missing; no value is ever repeated there.
    Where SECRET_KEYS is missing and the database is SQLite, the keys are those kept beside it, made once.
    """
    try:
        settings = Settings()
    except ValidationError as error:
        raise _refusal(error) from None
    if settings.secret_keys:
        return settings
    return settings.model_copy(update={"secret_keys": kept_keys(settings.sqlite_path)})


def load_for_demo() -> Settings:
    """The settings for a demo, which keeps its database and its broker to itself, whatever the environment names.

    Raises Invalid as ``load`` does.
    """
    try:
        return Settings(database_url="sqlite:///visit-sync-demo.db", redis_url=None)
    except ValidationError as error:
        raise _refusal(error) from None


def environment_with(**variables: str) -> dict[str, str]:
    """The environment for a child process: ours, with these variables set."""
    return {**os.environ, **variables}


def _refusal(error: ValidationError) -> Invalid:
    details = dict(_complaint(fault) for fault in error.errors(include_url=False, include_input=False))
    return Invalid("; ".join(f"{name} {complaint}" for name, complaint in details.items()), details)


def _complaint(fault: Mapping[str, Any]) -> tuple[str, str]:
    name = str(fault["loc"][0]).upper() if fault["loc"] else "SECRET_KEYS"
    return name, str(fault["msg"]).removeprefix("Value error, ")
