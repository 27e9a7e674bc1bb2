"""The chat page: layout, what a turn draws, cards, the sidebar. Gradio is imported only when the page is mounted."""
