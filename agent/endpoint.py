"""The language model's server as others see it: whether it answers at all, which even a slow model's does at once."""

import asyncio
from dataclasses import dataclass

import httpx

from agent.settings import LlmSettings

LOOK_S = 3.0


@dataclass(slots=True)
class Endpoint:
    """One per agent, whatever realm it is seen by."""

    llm: LlmSettings
    was_heard: bool = False
    """Whether it has answered anything since this process began; a server that never did may be no server at all."""

    async def look(self, seconds: float = LOOK_S) -> str:
        """'ok', or what is wrong with it; asks for the list of its models, which costs no model's time.

        Args:
            seconds: How long it may take.
        """
        try:
            async with asyncio.timeout(seconds), httpx.AsyncClient(timeout=seconds) as client:
                headers = {"Authorization": f"Bearer {self.llm.api_key.get_secret_value()}"}
                # its body, which may have no end, nobody reads
                async with client.stream("GET", f"{self.llm.url.rstrip('/')}/models", headers=headers) as answer:
                    self.was_heard = True
                    return "ok" if answer.is_success else f"answers {answer.status_code}"
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            return f"unreachable ({type(error).__name__})"
