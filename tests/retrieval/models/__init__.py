"""Tests of the fitted models."""
