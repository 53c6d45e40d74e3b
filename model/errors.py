"""What can go wrong with a model, in words for the person who ran the command."""

# ModelError            exit code 1: a model is not what it should be
# └── ModelFileError    exit code 2: the file given cannot be used at all


class ModelError(Exception):
    """A model or its known answers are not what they should be."""

    exit_code = 1


class ModelFileError(ModelError):
    """The file named by the user cannot be served."""

    exit_code = 2
