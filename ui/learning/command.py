"""`reconteur refit`. Heavy imports wait inside it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from retrieval.untrusted import visible

if TYPE_CHECKING:
    from retrieval.refit import Last

Data = Annotated[Path | None, typer.Option("--data", help="Data folder (default: .reconteur/demo).")]
Tenant = Annotated[str, typer.Option(help="Whose users teach, and for whom; tenants see nothing of each other.")]


def refit(
    data: Data = None,
    tenant: Tenant = "",
    back: Annotated[bool, typer.Option("--back", help="Let what served before serve again, in place of it.")] = False,
) -> None:
    """Learn from what a folder's users liked. Running servers take it up by themselves, within a minute."""
    from agent.learning.refit import refit as learn
    from agent.options import make_settings
    from retrieval.datasets import load_dataset
    from retrieval.progress import console_progress
    from retrieval.refit import Generations
    from ui.learning.schedule import be_modest

    settings = make_settings(data=data)
    folder = settings.retrieval.data_dir
    if back:
        name = Generations.of(folder, tenant).back()
        typer.echo("What served before serves again." if name else "What was built serves again.")
        return
    be_modest()
    with console_progress() as progress:
        last = learn(settings, tenant, progress=progress)
    assert last is not None, "an attempt that is asked for is due"  # noqa: S101
    catalog = load_dataset(folder).catalog
    for line in told(last, lambda item_id: catalog.item(item_id).label):
        typer.echo(visible(line))


def told(last: "Last", label: Callable[[str], str]) -> Iterator[str]:
    """What an attempt came to, line by line.

    Args:
        last: The attempt.
        label: An item's title, by its id.
    """
    generation = last.generation
    if generation is not None:
        measured = generation.measured
        left_out = f" ({generation.left_out} accounts with too many left out)" if generation.left_out else ""
        yield f"{generation.opinions} opinions of {generation.people} people{left_out}."
        yield (
            f"Of {measured.people} likes held back, {measured.found_after} are among the first ten "
            f"({measured.found_before} before); NDCG@10 {measured.ndcg_after:.3f} ({measured.ndcg_before:.3f} before)."
        )
        risen = f"; most often came {', '.join(map(label, measured.risen))}" if measured.risen else ""
        yield f"{measured.moved:.0%} of the places of their lists changed{risen}."
        if generation.weights_learned_from:
            yield f"The weights of the fusion moved by {generation.weights_learned_from} places of conversations."
    yield "It serves from now on." if last.taken else f"Not taken: {last.reason}"
