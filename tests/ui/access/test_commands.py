"""The command line: keys, accounts, the audit log, and where the server refuses to start."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent.settings import AccessSettings, Settings
from retrieval.errors import SettingsError, UnknownAccountError, UnknownKeyError
from retrieval.settings import RetrievalSettings
from retrieval.state import AccessStore, StateStore
from tests.ui.fakes import FakeAgent
from ui import cli
from ui.access.keys import is_good
from ui.access.opening import check_address
from ui.access.passwords import is_right


@pytest.fixture
def run(tmp_path: Path, agent: FakeAgent, monkeypatch: pytest.MonkeyPatch):
    """Run a command over the state of the fake agent."""

    async def load(settings: Settings) -> FakeAgent:
        return agent

    monkeypatch.setattr(cli, "load_agent", load)

    def invoke(*arguments: str, lines: tuple[str, ...] = ()):
        return CliRunner().invoke(cli.app, [*arguments, "--data", str(tmp_path)], input="\n".join((*lines, "")))

    return invoke


@pytest.fixture
def access(agent: FakeAgent) -> AccessStore:
    return AccessStore(agent.state.database)


def test_a_key_is_shown_once_listed_without_its_secret_and_revoked(run, access: AccessStore):
    shown = run("keys", "add", "the shop", "--tenant", "acme", "--scopes", "chat, items").stdout.strip()
    (stored,) = access.list_keys()

    assert is_good(shown, stored)
    listed = run("keys", "list").output
    assert f"{stored.key_id}\tthe shop\tacme\tchat,items" in listed
    assert shown.rpartition("_")[2] not in listed
    run("keys", "revoke", stored.key_id)
    assert not is_good(shown, access.key(stored.key_id))
    assert "revoked" in run("keys", "list").output
    assert isinstance(run("keys", "revoke", "nothing").exception, UnknownKeyError)


def test_an_account_is_added_with_a_password_that_is_long_enough(run, access: AccessStore):
    short = run("accounts", "add", "ann", lines=("short", "short"))
    added = run("accounts", "add", "ann", lines=("long enough it is", "long enough it is"))

    assert "10 characters or more, found 5" in str(short.exception)
    assert "ann can log in." in added.output
    assert "long enough" not in added.output
    assert is_right("long enough it is", access.account("ann"))
    assert not is_right("long enough it was", access.account("ann"))
    assert "ann\t" in run("accounts", "list").output
    taken = run("accounts", "add", "ann", "--tenant", "acme", lines=("long enough it is",) * 2)
    assert isinstance(taken.exception, UnknownAccountError)


def test_removing_an_account_erases_its_users_so_that_the_name_can_be_given_again(run, agent: FakeAgent):
    run("accounts", "add", "ann", "--tenant", "acme", lines=("long enough it is",) * 2)
    users = agent.state.of("acme/ann")
    users.create_user("Kim")
    agent.state.of("acme").ensure_user("kim")

    assert run("accounts", "remove", "ann", lines=("n",)).exit_code == 1
    assert run("accounts", "remove", "ann", "--yes").output == "Removed.\n"

    assert users.list_users() == []
    assert agent.state.of("acme").user("kim")
    assert isinstance(run("accounts", "remove", "ann", "--yes").exception, UnknownAccountError)


def test_the_commands_about_users_reach_a_tenant(run, agent: FakeAgent):
    agent.state.of("acme").ensure_user("kim", name="Kim")

    assert run("users", "list").output == ""
    assert run("users", "list", "--tenant", "acme").output == "kim\tKim\n"
    assert '"Kim"' in run("users", "export", "kim", "--tenant", "acme").output
    assert run("users", "erase", "kim", "--yes").exit_code == 1
    assert run("users", "erase", "kim", "--yes", "--tenant", "acme").output == "Erased.\n"
    assert agent.state.of("acme").list_users() == []


def test_the_audit_log_tells_who_did_what_when_and_no_users_id(run, agent: FakeAgent, access: AccessStore):
    run("keys", "add", "x", "--tenant", "acme")
    agent.state.of("acme").ensure_user("kim-marker")
    run("users", "erase", "kim-marker", "--yes", "--tenant", "acme")
    key_id, digest = access.list_keys()[0].key_id, access.digest_of("acme", "kim-marker")

    lines = [line.split("\t") for line in run("audit").output.splitlines()]

    assert [line[1:] for line in lines] == [
        ["command line", "add key", "acme", key_id],
        ["command line", "erase user", "acme", digest],
    ]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", line[0]) for line in lines)
    assert "marker" not in run("audit").output
    assert run("audit", "--limit", "1").output.count("\n") == 1


def settings_of(folder: Path, **access) -> Settings:
    return Settings(retrieval=RetrievalSettings(data_dir=folder), access=AccessSettings(**access), _env_file=None)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.9", "::1"])
def test_this_machine_alone_needs_no_key(tmp_path: Path, host: str):
    check_address(settings_of(tmp_path), host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.5", "fe80::1%eth0"])
def test_beyond_this_machine_a_key_is_needed_or_a_word(tmp_path: Path, host: str):
    with pytest.raises(SettingsError, match=r"reconteur keys add NAME.*--open-to-everyone"):
        check_address(settings_of(tmp_path), host)
    check_address(settings_of(tmp_path, open_to_everyone=True), host)

    CliRunner().invoke(cli.app, ["keys", "add", "x", "--data", str(tmp_path)])

    check_address(settings_of(tmp_path), host)


def test_serving_to_everyone_without_a_key_ends_before_anything_is_loaded(run):
    refused = run("serve", "--host", "0.0.0.0", "--port", "0")

    assert isinstance(refused.exception, SettingsError)
    assert "Loading" not in refused.output


def test_the_environment_can_say_that_an_open_server_is_wanted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("RECONTEUR_ACCESS__OPEN_TO_EVERYONE", "true")

    check_address(cli.make_settings(data=tmp_path), "0.0.0.0")


def test_the_last_key_revoked_opens_nothing(tmp_path: Path):
    CliRunner().invoke(cli.app, ["keys", "add", "x", "--data", str(tmp_path)])
    with StateStore(f"sqlite:///{tmp_path / 'state.db'}") as state:
        access = AccessStore(state.database)
        access.revoke_key(access.list_keys()[0].key_id, who="test")

        assert access.is_guarded()
