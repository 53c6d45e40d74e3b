"""Raises, proves, resets and removes a model-serving demo on OpenShift AI."""

__version__ = "0.1.0"
