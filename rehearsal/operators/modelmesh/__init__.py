"""A stand-in for ModelMesh: one model server per runtime serves all its InferenceServices."""
