"""A language model that knows nothing: it calls `recommend` once and repeats which titles the function gave."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

NAME = "caller"
"""Of the model."""
FUNCTION = "recommend"
FROM_TOOL = "The tool says: "


class Caller:
    """An OpenAI-compatible server on the loopback address, in place of a chat model that calls tools."""

    def __init__(self, wish: str) -> None:
        self.wish = wish
        self.offered: set[str] = set()
        """Names of the functions that it was offered."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"caller": self}))
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        """What clients take as the base URL."""
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def message(self, body: dict[str, Any]) -> dict[str, Any]:
        """What it says to a request of chat completions."""
        offered = {tool["function"]["name"] for tool in body.get("tools") or () if "function" in tool}
        self.offered |= offered
        told = [str(message.get("content")) for message in body["messages"] if message["role"] == "tool"]
        if told:
            return {"content": FROM_TOOL + "; ".join(_titles(told[-1]))}
        if FUNCTION not in offered:
            return {"content": "-"}
        function = {"name": FUNCTION, "arguments": json.dumps({"message": self.wish})}
        return {"content": None, "tool_calls": [{"index": 0, "id": "call-1", "type": "function", "function": function}]}


def _titles(answer: str) -> list[str]:
    """The titles in the answer of the function, which a client may have put into words of its own."""
    try:
        parsed = json.JSONDecoder().raw_decode(answer[answer.index("{") :])[0]
    except ValueError:
        return [answer[:300]]
    return [f"{card['title']} ({card['year']})" for card in parsed.get("recommendations", ())] or [answer[:300]]


class _Handler(BaseHTTPRequestHandler):
    caller: Caller

    def do_GET(self) -> None:
        self._send("application/json", {"object": "list", "data": [{"id": NAME, "object": "model"}]})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        said = {"role": "assistant", **self.caller.message(body)}
        end = "tool_calls" if "tool_calls" in said else "stop"
        whole = {"id": "c-1", "created": 1, "model": NAME, "object": "chat.completion"}
        if not body.get("stream"):
            choice = {"index": 0, "message": said, "finish_reason": end}
            self._send("application/json", {**whole, "choices": [choice]})
            return
        whole["object"] = "chat.completion.chunk"
        begun = {**whole, "choices": [{"index": 0, "delta": said, "finish_reason": None}]}
        ended = {**whole, "choices": [{"index": 0, "delta": {}, "finish_reason": end}]}
        self._send("text/event-stream", begun, ended)

    def _send(self, kind: str, *parts: dict[str, Any]) -> None:
        lines = [json.dumps(part) for part in parts]
        text = "".join(f"data: {line}\n\n" for line in (*lines, "[DONE]")) if len(parts) > 1 else lines[0]
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: Any) -> None:
        """Silent."""
