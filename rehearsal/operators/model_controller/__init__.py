"""A stand-in for odh-model-controller: connections become storage, InferenceServices get Routes and metrics."""
