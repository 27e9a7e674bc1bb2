"""The known recommenders, one file and one class each, behind the `Channel` protocol."""
