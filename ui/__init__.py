"""The surfaces: Gradio chat, HTTP API, command line. All call the same `Agent`."""
