"""What a client did wrong, as both protocols report it."""

# V2Error         400  INVALID_ARGUMENT
# ├── NotFound    404  NOT_FOUND
# └── Refused     503  UNAVAILABLE


class V2Error(Exception):
    """The request cannot be answered as it stands."""

    http_status = 400
    grpc_status = "INVALID_ARGUMENT"


class NotFound(V2Error):
    """The model or version asked for is not served."""

    http_status = 404
    grpc_status = "NOT_FOUND"


class Refused(V2Error):
    """The server is not set up to do that."""

    http_status = 503
    grpc_status = "UNAVAILABLE"
