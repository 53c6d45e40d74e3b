"""The messages of the Open Inference gRPC protocol, built from a table of its published fields and numbers.

Built at start, they fit whichever protobuf runtime is installed: generated code would tie the two together.
"""

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

PACKAGE = "inference"
SERVICE = f"{PACKAGE}.GRPCInferenceService"
SCALARS = {
    "bool": 8,
    "string": 9,
    "bytes": 12,
    "int32": 5,
    "int64": 3,
    "uint32": 13,
    "uint64": 4,
    "float": 2,
    "double": 1,
}
MESSAGE, OPTIONAL, REPEATED = 11, 1, 3

# Field: "type name=number"; + repeated, % a map from string, ? one of a choice; a dotted name is a nested message
PARAMETER = "bool_param=1:?bool int64_param=2:?int64 string_param=3:?string"
BY_NAME = "repository_name=1:string model_name=2:string parameters=3:%ModelRepositoryParameter"
TENSOR = "name=1:string datatype=2:string shape=3:+int64"
MESSAGES = {
    "ServerLiveRequest": "",
    "ServerLiveResponse": "live=1:bool",
    "ServerReadyRequest": "",
    "ServerReadyResponse": "ready=1:bool",
    "ModelReadyRequest": "name=1:string version=2:string",
    "ModelReadyResponse": "ready=1:bool",
    "ServerMetadataRequest": "",
    "ServerMetadataResponse": "name=1:string version=2:string extensions=3:+string",
    "ModelMetadataRequest": "name=1:string version=2:string",
    "ModelMetadataResponse": "name=1:string versions=2:+string platform=3:string "
    "inputs=4:+ModelMetadataResponse.TensorMetadata outputs=5:+ModelMetadataResponse.TensorMetadata",
    "ModelMetadataResponse.TensorMetadata": TENSOR,
    "InferParameter": f"{PARAMETER} double_param=4:?double uint64_param=5:?uint64",
    "InferTensorContents": "bool_contents=1:+bool int_contents=2:+int32 int64_contents=3:+int64 "
    "uint_contents=4:+uint32 uint64_contents=5:+uint64 fp32_contents=6:+float fp64_contents=7:+double "
    "bytes_contents=8:+bytes",
    "ModelInferRequest": "model_name=1:string model_version=2:string id=3:string parameters=4:%InferParameter "
    "inputs=5:+ModelInferRequest.InferInputTensor outputs=6:+ModelInferRequest.InferRequestedOutputTensor "
    "raw_input_contents=7:+bytes",
    "ModelInferRequest.InferInputTensor": f"{TENSOR} parameters=4:%InferParameter contents=5:InferTensorContents",
    "ModelInferRequest.InferRequestedOutputTensor": "name=1:string parameters=2:%InferParameter",
    "ModelInferResponse": "model_name=1:string model_version=2:string id=3:string parameters=4:%InferParameter "
    "outputs=5:+ModelInferResponse.InferOutputTensor raw_output_contents=6:+bytes",
    "ModelInferResponse.InferOutputTensor": f"{TENSOR} parameters=4:%InferParameter contents=5:InferTensorContents",
    "ModelRepositoryParameter": f"{PARAMETER} bytes_param=4:?bytes",
    "RepositoryIndexRequest": "repository_name=1:string ready=2:bool",
    "RepositoryIndexResponse": "models=1:+RepositoryIndexResponse.ModelIndex",
    "RepositoryIndexResponse.ModelIndex": "name=1:string version=2:string state=3:string reason=4:string",
    "RepositoryModelLoadRequest": BY_NAME,
    "RepositoryModelLoadResponse": "",
    "RepositoryModelUnloadRequest": BY_NAME,
    "RepositoryModelUnloadResponse": "",
}


def build() -> dict[str, Any]:
    """A message class by name."""
    file = descriptor_pb2.FileDescriptorProto(name="v2server.proto", package=PACKAGE, syntax="proto3")
    made: dict[str, Any] = {}
    for name, fields in MESSAGES.items():
        outer, _, inner = name.rpartition(".")
        made[name] = made[outer].nested_type.add(name=inner) if outer else file.message_type.add(name=name)
        for field in fields.split():
            _add(made[name], field, f".{PACKAGE}.{name}")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{PACKAGE}.{name}")) for name in MESSAGES}


def _add(message: Any, field: str, full_name: str) -> None:
    """One field of the table, added to its message."""
    place, _, kind = field.partition(":")
    name, _, number = place.partition("=")
    added = message.field.add(name=name, number=int(number), label=REPEATED if kind[0] in "+%" else OPTIONAL)
    plain = kind.lstrip("+%?")
    if kind[0] == "?":
        if not message.oneof_decl:
            message.oneof_decl.add(name="parameter_choice")
        added.oneof_index = 0
    if kind[0] == "%":
        entry = message.nested_type.add(name=f"{name.title()}Entry")
        entry.options.map_entry = True
        _add(entry, "key=1:string", "")
        _add(entry, f"value=2:{plain}", "")
        added.type, added.type_name = MESSAGE, f"{full_name}.{entry.name}"
    elif plain in SCALARS:
        added.type = SCALARS[plain]
    else:
        added.type, added.type_name = MESSAGE, f".{PACKAGE}.{plain}"
