"""The subcommands of `python -m eval`, by what they are about."""
