"""The commands of `reconteur`. Everything heavy is imported inside the command that needs it."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

import typer
from pydantic import JsonValue

from retrieval.errors import SettingsError
from retrieval.untrusted import as_json, visible
from ui.access.commands import COMMAND_LINE, Tenant, accounts_app, audit, keys_app
from ui.learning.command import refit
from ui.rules import rules_app

if TYPE_CHECKING:
    from agent.agent import Agent
    from agent.settings import Settings

T = TypeVar("T")

app = typer.Typer(
    help="A recommender you talk to: reads what you feel like, looks it up, says why.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
users_app = typer.Typer(help="The users whose taste is kept.", no_args_is_help=True)
app.add_typer(users_app, name="users")
app.add_typer(keys_app, name="keys")
app.add_typer(accounts_app, name="accounts")
app.add_typer(rules_app, name="rules")
app.command("audit")(audit)
app.command("refit")(refit)

Data = Annotated[Path | None, typer.Option("--data", help="Data folder (default: .reconteur/demo).")]
OfAccount = Annotated[str | None, typer.Option("--account", help="The users that this account of the page has made.")]
LlmUrl = Annotated[str | None, typer.Option(help="OpenAI-compatible base URL ending in /v1; 'none' for no model.")]
LlmModel = Annotated[str | None, typer.Option(help="Name of the model at that URL.")]
LlmDriver = Annotated[
    Literal["auto", "tools", "schema", "offline"] | None,
    typer.Option(help="How the model leads a turn; auto finds out what it can do."),
]


@app.callback(invoke_without_command=True)
def root(version: Annotated[bool, typer.Option("--version", help="Show the version and end.")] = False) -> None:
    """A recommender you talk to: reads what you feel like, looks it up, says why."""
    if version:
        from ui.version import package_version

        typer.echo(f"reconteur {package_version()}")
        raise typer.Exit


@app.command()
def chat(
    data: Data = None,
    user: Annotated[str, typer.Option(help="Whose taste is used and kept.")] = "terminal",
    llm_url: LlmUrl = None,
    llm_model: LlmModel = None,
    llm_driver: LlmDriver = None,
) -> None:
    """Talk in the terminal, or pipe lines in."""
    from ui.terminal import run_chat

    settings = make_settings(data=data, llm_url=llm_url, llm_model=llm_model, llm_driver=llm_driver)
    _log()
    with asyncio.Runner() as runner:
        built = runner.run(load_agent(settings))
        try:
            run_chat(runner, built, user)
        finally:
            runner.run(built.aclose())


@app.command()
def backup(file: Annotated[Path, typer.Argument(help="A new file, as backup.tar.gz.")], data: Data = None) -> None:
    """Write the data folder, with all that is kept about users, to one file; a server may run meanwhile."""
    from retrieval.backup import back_up

    settings = make_settings(data=data).retrieval
    if settings.state_url:
        typer.echo(
            "The state is in a database of its own (RECONTEUR_RETRIEVAL__STATE_URL): back it up there.", err=True
        )
    typer.echo(f"{back_up(settings.data_dir, file)} files in {file}.")


@app.command()
def restore(file: Annotated[Path, typer.Argument(help="What `backup` wrote.")], data: Data = None) -> None:
    """Make a data folder of a backup; the folder must be new or empty."""
    from retrieval.backup import restore as restore_folder

    folder = make_settings(data=data).retrieval.data_dir
    typer.echo(f"{restore_folder(file, folder)} files in {folder}.")


@app.command()
def mcp(
    data: Data = None,
    llm_url: LlmUrl = None,
    llm_model: LlmModel = None,
    llm_driver: LlmDriver = None,
) -> None:
    """Speak the Model Context Protocol on standard input and output."""
    from ui.mcp.stdio import run_stdio

    settings = make_settings(data=data, llm_url=llm_url, llm_model=llm_model, llm_driver=llm_driver)
    _log()
    asyncio.run(run_stdio(lambda: load_agent(settings)))


@app.command()
def serve(
    data: Data = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 for a free one.")] = 7860,
    llm_url: LlmUrl = None,
    llm_model: LlmModel = None,
    llm_driver: LlmDriver = None,
    page: Annotated[bool, typer.Option("--page/--no-page", help="With the chat page, or the API alone.")] = True,
    open_to_everyone: Annotated[
        bool, typer.Option("--open-to-everyone", help="Let other machines in although there is no API key.")
    ] = False,
    workers: Annotated[int, typer.Option(min=1, help="Processes; several serve the API alone (--no-page).")] = 1,
) -> None:
    """Serve the chat page and the HTTP API."""
    from ui.access.opening import check_address
    from ui.edge.addresses import known_by
    from ui.edge.loop import run_served
    from ui.server import listen, run
    from ui.workers import run_workers

    settings = make_settings(
        data=data, llm_url=llm_url, llm_model=llm_model, llm_driver=llm_driver, open_to_everyone=open_to_everyone
    )
    settings = known_by(settings, host)
    set_up = partial(_log, level=settings.log.level, format=settings.log.format)
    set_up()
    if workers > 1 and page:
        raise SettingsError("the page keeps what is open in one process: add --no-page, or leave --workers out")
    try:
        with listen(host, port) as listener:
            check_address(settings, listener.getsockname()[0])
            if workers == 1:
                run_served(run(settings, listener, load_agent, page=page, tell=typer.echo))
        if workers > 1:
            run_workers(workers, settings, (host, port), load_agent, tell=typer.echo, set_up=set_up)
    except KeyboardInterrupt:
        typer.echo("Stopped.")


@app.command()
def build(data: Data = None, llm_url: LlmUrl = None, llm_model: LlmModel = None) -> None:
    """Make or refresh the dataset and every index of a data folder; with --llm-url a model names groups of people."""
    from retrieval.build import build as build_indexes
    from retrieval.progress import console_progress

    settings = make_settings(data=data, llm_url=llm_url, llm_model=llm_model)
    with console_progress() as progress:
        manifest = build_indexes(settings.retrieval, progress)
    if llm_url and settings.llm.url:
        _name_clusters(settings)
    typer.echo(f"{manifest.items} items, {manifest.interactions} interactions in {settings.retrieval.data_dir}: ready.")


@app.command()
def ingest(
    items: Annotated[Path, typer.Option(help="CSV, JSONL or Parquet: an item a row.")],
    data: Annotated[Path, typer.Option("--data", help="Data folder to make or replace.")],
    interactions: Annotated[Path | None, typer.Option(help="user_id, item_id, rating and time, a row each.")] = None,
    facts: Annotated[Path | None, typer.Option(help="item_id, relation, value, a row each.")] = None,
    schema: Annotated[Path | None, typer.Option(help="TOML that declares the columns; guessed where absent.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Take what was guessed without asking.")] = False,
    llm_url: LlmUrl = None,
    llm_model: LlmModel = None,
) -> None:
    """Bring your own catalog: read it, show what was understood, build the indexes.

    Without a schema a language model, where one is there, proposes everyday words for the values.
    """
    from agent.enrich.synonyms import with_proposed
    from retrieval.errors import ModelUnavailableError
    from retrieval.ingest import plan_ingest
    from retrieval.progress import console_progress

    plan = plan_ingest(items, interactions, facts, schema, data_dir=data)
    settings = make_settings(data=data, llm_url=llm_url, llm_model=llm_model)
    if plan.is_guessed and settings.llm.url:
        try:
            plan = with_proposed(plan, settings)
        except ModelUnavailableError as error:
            typer.echo(f"no words were proposed for the values: {error}")
    typer.echo(visible(plan.describe()))
    if plan.is_guessed and not yes:
        typer.confirm("Is this right?", default=True, abort=True)
    with console_progress() as progress:
        report = plan.run(progress)
    typer.echo(visible(report.describe()))
    build(data)
    typer.echo(f"Talk to it: reconteur chat --data {data}")


@app.command()
def features(
    data: Data = None,
    llm_url: LlmUrl = None,
    llm_model: LlmModel = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="The most items of this run; all that are left if not given.")
    ] = None,
    at_once: Annotated[int, typer.Option(min=1, max=64, help="Items asked for at the same time.")] = 4,
) -> None:
    """Have the language model read moods and themes out of item texts; an interrupted run goes on where it was."""
    from agent.enrich.reading_run import run
    from retrieval.progress import console_progress

    settings = make_settings(data=data, llm_url=llm_url, llm_model=llm_model)
    _log()
    with console_progress() as progress:
        read, failed = asyncio.run(run(settings, limit=limit, at_once=at_once, progress=progress))
    typer.echo(f"{read} items read, {failed} without a usable answer (the same command tries those again).")


@app.command()
def fit(
    dialogues: Annotated[
        list[Path] | None,
        typer.Option("--dialogues", help="Recorded conversations (JSONL, docs/transcripts.md); may be given again."),
    ] = None,
    data: Data = None,
    source: Annotated[str, typer.Option(help="Where they come from, to be written down.")] = "",
) -> None:
    """Learn how much each signal counts from recorded conversations; those of the data folder count, too."""
    from agent.learning.fit import fit as learn
    from retrieval.progress import console_progress

    _log()
    settings = make_settings(data=data).retrieval
    with console_progress() as progress:
        learned = learn(settings, dialogues or (), source=source, progress=progress)
    typer.echo(f"{learned.dialogues} conversations, {learned.places} recommendations learned from: {settings.data_dir}")


@users_app.command("list")
def list_users(
    data: Data = None,
    limit: Annotated[int, typer.Option(min=1)] = 100,
    tenant: Tenant = "",
    account: OfAccount = None,
) -> None:
    """The newest users first, as id, name."""
    from retrieval.state import open_state, realm_of

    with open_state(make_settings(data=data).retrieval) as state:
        for user in state.of(realm_of(tenant, account)).list_users(limit):
            typer.echo(f"{user.user_id}\t{' '.join(visible(user.name).split())}")


@users_app.command("export")
def export_user(user_id: str, data: Data = None, tenant: Tenant = "", account: OfAccount = None) -> None:
    """Everything that is stored about a user, as JSON."""
    from retrieval.state import realm_of

    async def export(built: "Agent") -> dict[str, JsonValue]:
        exported: dict[str, JsonValue] = await built.of(realm_of(tenant, account)).export(user_id)
        return exported

    exported = _with_agent(make_settings(data=data), export)
    typer.echo(as_json(exported))


@users_app.command("erase")
def erase_user(
    user_id: str,
    data: Data = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    tenant: Tenant = "",
    account: OfAccount = None,
) -> None:
    """Delete everything that is stored about a user, for good."""
    from retrieval.state import realm_of

    if not yes:
        typer.confirm("Delete everything about this user for good?", abort=True)
    settings = make_settings(data=data)

    async def erase(built: "Agent") -> None:
        seen = built.of(realm_of(tenant, account))
        await asyncio.to_thread(seen.state.user, user_id)
        await seen.erase(user_id, who=COMMAND_LINE)

    _with_agent(settings, erase)
    typer.echo("Erased.")


@accounts_app.command("remove")
def remove_account(
    name: str, data: Data = None, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False
) -> None:
    """End an account and delete everything that is stored about its users, for good."""
    from retrieval.errors import UnknownAccountError
    from retrieval.state import AccessStore, realm_of
    from retrieval.state.learning import MOST_USERS

    if not yes:
        typer.confirm("End this account and delete everything about its users for good?", abort=True)

    async def remove(built: "Agent") -> None:
        access = AccessStore(built.state.database)
        account = access.account(name)
        if account is None:
            raise UnknownAccountError(name)
        access.remove_account(name, who=COMMAND_LINE)
        seen = built.of(realm_of(account.tenant, name))
        for user in seen.state.list_users(MOST_USERS):
            await seen.erase(user.user_id, who=COMMAND_LINE)

    _with_agent(make_settings(data=data), remove)
    typer.echo("Removed.")


def _name_clusters(settings: "Settings") -> None:
    """Have the language model name the groups of people; where it cannot, the names by rule stay, with a notice."""
    from agent.enrich.cluster_namer import name_clusters_of
    from retrieval.errors import IndexMissingError, ModelUnavailableError

    try:
        typer.echo(f"{name_clusters_of(settings)} groups of people named by the language model.")
    except (IndexMissingError, ModelUnavailableError) as error:
        typer.echo(f"The groups of people keep their names by rule: {error}", err=True)


def make_settings(
    *,
    data: Path | None = None,
    llm_url: str | None = None,
    llm_model: str | None = None,
    llm_driver: str | None = None,
    open_to_everyone: bool = False,
) -> "Settings":
    """The settings that the options ask for."""
    from agent import options

    return options.make_settings(
        data=data, llm_url=llm_url, llm_model=llm_model, llm_driver=llm_driver, open_to_everyone=open_to_everyone
    )


async def load_agent(settings: "Settings") -> "Agent":
    """The agent over the data folder."""
    build = await asyncio.to_thread(import_module, "agent.build")  # loads for seconds: health is answered meanwhile
    agent: Agent = await build.build_agent(settings)
    return agent


def _with_agent(settings: "Settings", task: "Callable[[Agent], Awaitable[T]]") -> T:
    """What a task makes of the agent; the agent is closed afterwards."""

    async def run() -> T:
        built = await load_agent(settings)
        try:
            return await task(built)
        finally:
            await built.aclose()

    return asyncio.run(run())


def _log(**changes: str) -> None:
    """Log to stderr: only errors, unless a command says more."""
    from agent.settings import LogSettings
    from ui.logs import configure

    configure(LogSettings.model_validate({"level": "error", **changes}))
