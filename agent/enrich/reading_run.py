"""`reconteur features`: opens a data folder and a model's endpoint, and has every item's text read."""

import asyncio

from agent.enrich.item_features import AT_ONCE, FeatureReader, read_features
from agent.enrich.model_size import identify
from agent.llm import make_chat_model, open_client
from agent.settings import Settings
from retrieval.datasets import load_dataset
from retrieval.encoder import make_encoder
from retrieval.errors import SettingsError
from retrieval.features.shortlist import Shortlist
from retrieval.resources import Progress, silent


async def run(
    settings: Settings, *, limit: int | None = None, at_once: int = AT_ONCE, progress: Progress = silent
) -> tuple[int, int]:
    """Read what is unread in a data folder.

    Args:
        settings: The data folder and the model.
        limit: The most items of this run; None for all.
        at_once: How many items are asked for at the same time.
        progress: Told how far it is.

    Returns:
        How many items were read, and how many answers were unusable.

    Raises:
        IndexMissingError: There is no dataset.
        SettingsError: There is no endpoint.
        ModelUnavailableError: The model failed several times in a row.
    """
    if not settings.llm.url:
        raise SettingsError(
            "reading item texts needs a language model, found no endpoint. Name one with --llm-url URL."
        )
    dataset = await asyncio.to_thread(load_dataset, settings.retrieval.data_dir)
    encoder = make_encoder(settings.retrieval.encoder)
    async with open_client(settings.llm) as client:
        model = make_chat_model(settings.llm, client)
        assert model is not None, "the endpoint was checked above"  # noqa: S101
        reader = FeatureReader.of(dataset.catalog, model, identity=await identify(settings.llm))
        shortlist = await asyncio.to_thread(Shortlist, dataset.catalog, encoder)
        data_dir = settings.retrieval.data_dir
        return await read_features(reader, shortlist, data_dir, limit=limit, at_once=at_once, progress=progress)
