"""Raises, proves, resets and removes a model-serving demo on OpenShift AI."""
