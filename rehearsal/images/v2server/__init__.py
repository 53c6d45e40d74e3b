"""A model server for ONNX that takes Triton's command line and answers the V2 protocol as Triton does.

It stands in where the real binary cannot run. It is started as `python -m v2server` with the folder above it on
PYTHONPATH, and imports nothing else of this project.
"""
