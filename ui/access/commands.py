"""The commands that say who may come in: keys, accounts, the audit log. Heavy imports wait inside the commands."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from retrieval.state import StateStore

COMMAND_LINE = "command line"
SHORTEST_PASSWORD = 10
EVERYDAY = "chat,recommend,feedback,items"

Data = Annotated[Path | None, typer.Option("--data", help="Data folder (default: .reconteur/demo).")]
Tenant = Annotated[str, typer.Option(help="Whose users and conversations; tenants see nothing of each other.")]

keys_app = typer.Typer(help="API keys: from the first one on, every request needs one.", no_args_is_help=True)
accounts_app = typer.Typer(help="Who may log in to the page.", no_args_is_help=True)


@keys_app.command("add")
def add_key(
    name: Annotated[str, typer.Argument(help="What the key is for.")],
    data: Data = None,
    tenant: Tenant = "",
    scopes: Annotated[str, typer.Option(help="Of chat, recommend, feedback, items, admin; or all.")] = EVERYDAY,
) -> None:
    """Make an API key. It is shown this once."""
    from retrieval.state import AccessStore
    from ui.access.keys import make_key

    shown, key = make_key(name, tenant=tenant, scopes=scopes.split(","))
    with _state(data) as state:
        AccessStore(state.database).add_key(key, who=COMMAND_LINE)
    typer.echo(shown)
    typer.echo("Keep it safe: it cannot be shown again. Send it as 'Authorization: Bearer ...'.", err=True)


@keys_app.command("list")
def list_keys(data: Data = None) -> None:
    """All keys as id, name, tenant, scopes, made on, revoked on."""
    from retrieval.state import AccessStore

    with _state(data) as state:
        for key in AccessStore(state.database).list_keys():
            revoked = "" if key.revoked_at is None else f"revoked {_day(key.revoked_at)}"
            typer.echo(
                f"{key.key_id}\t{key.name}\t{key.tenant}\t{','.join(key.scopes)}\t{_day(key.created_at)}\t{revoked}"
            )


@keys_app.command("revoke")
def revoke_key(key_id: Annotated[str, typer.Argument(help="As 'keys list' shows it.")], data: Data = None) -> None:
    """End a key at once, and the tokens that were made with it. The server does not open by that."""
    from retrieval.state import AccessStore

    with _state(data) as state:
        AccessStore(state.database).revoke_key(key_id, who=COMMAND_LINE)
    typer.echo("Revoked.")


@accounts_app.command("add")
def add_account(name: str, data: Data = None, tenant: Tenant = "") -> None:
    """Let somebody log in to the page, or give them a new password; it is asked for, or read from a pipe."""
    from retrieval.errors import SettingsError
    from retrieval.state import AccessStore, Account, realm_of
    from ui.access.passwords import hash_password

    realm_of(tenant, name)
    password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    if len(password) < SHORTEST_PASSWORD:
        raise SettingsError(f"expected a password of {SHORTEST_PASSWORD} characters or more, found {len(password)}.")
    account = Account(name, tenant, hash_password(password), time.time())
    with _state(data) as state:
        AccessStore(state.database).add_account(account, who=COMMAND_LINE)
    typer.echo(f"{name} can log in.")


@accounts_app.command("list")
def list_accounts(data: Data = None) -> None:
    """All accounts as name, tenant, password set on."""
    from retrieval.state import AccessStore

    with _state(data) as state:
        for account in AccessStore(state.database).list_accounts():
            typer.echo(f"{account.name}\t{account.tenant}\t{_day(account.created_at)}")


def audit(data: Data = None, limit: Annotated[int, typer.Option(min=1, help="The last so many lines.")] = 1000) -> None:
    """Who made or revoked keys and accounts, and who erased users (as a digest); oldest first."""
    from retrieval.state import AccessStore

    with _state(data) as state:
        for entry in AccessStore(state.database).audit(limit):
            at = datetime.fromtimestamp(entry.at, UTC).isoformat(timespec="seconds")
            typer.echo(f"{at}\t{entry.who}\t{entry.act}\t{entry.tenant}\t{entry.subject}")


@contextmanager
def _state(data: Path | None) -> Iterator["StateStore"]:
    from agent.options import make_settings
    from retrieval.state import open_state

    with open_state(make_settings(data=data).retrieval) as state:
        yield state


def _day(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).date().isoformat()
