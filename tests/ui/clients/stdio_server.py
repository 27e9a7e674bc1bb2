"""`python -m tests.ui.clients.stdio_server DATA STATE`: the protocol on standard input and output over films."""

import asyncio
import sys

from agent.settings import Settings
from retrieval.settings import RetrievalSettings
from tests.ui.conftest import open_agent
from ui.mcp.stdio import run_stdio

if __name__ == "__main__":
    shelf = RetrievalSettings(data_dir=sys.argv[1], state_url=sys.argv[2], encoder="hash", graph_vectors="none")
    asyncio.run(run_stdio(lambda: open_agent(Settings(retrieval=shelf, _env_file=None))))
