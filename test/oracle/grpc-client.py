"""What a Python client sees of the gRPC interface: the port, a folder for the generated modules, a token and a run -> JSON, one key for each thing it tried."""
import json
import subprocess
import sys
import time

port, folder, token, run = sys.argv[1:]
files = [f"imgmgr/api/v1/{name}.proto" for name in ("common", "plan", "run_service", "image_service", "build_service")]
compile_ = [sys.executable, "-m", "grpc_tools.protoc", "-Iproto", f"--python_out={folder}", f"--grpc_python_out={folder}"]
subprocess.run([*compile_, f"--descriptor_set_out={folder}/set.bin", *files], check=True)
sys.path.insert(0, folder)

import grpc
from google.protobuf import descriptor_pb2
from grpc_status import rpc_status
from google.rpc import error_details_pb2
from imgmgr.api.v1 import (build_service_pb2, build_service_pb2_grpc, common_pb2, image_service_pb2,
                           image_service_pb2_grpc, run_service_pb2, run_service_pb2_grpc)

channel = grpc.insecure_channel(f"localhost:{port}")
images = image_service_pb2_grpc.ImageServiceStub(channel)
builds = build_service_pb2_grpc.BuildServiceStub(channel)
runs = run_service_pb2_grpc.RunServiceStub(channel)
METADATA = (("authorization", f"Bearer {token}"),)


def failed(call):
    """The code of a call, and our code and hint in its details."""
    try:
        call()
    except grpc.RpcError as error:
        status = rpc_status.from_call(error)
        info = error_details_pb2.ErrorInfo()
        if status is None or not status.details[0].Unpack(info):
            return [error.code().name, None, None]
        return [error.code().name, info.reason, info.metadata.get("hint")]
    return ["OK", None, None]


def event_numbers(after, limit=None):
    numbers = []
    for message in runs.Watch(run_service_pb2.RunServiceWatchRequest(id=run, after=after), metadata=METADATA):
        kind = message.WhichOneof("message")
        numbers.append(message.event.seq if kind == "event" else kind)
    return numbers


def slow():
    watch = runs.Watch(run_service_pb2.RunServiceWatchRequest(id=run, after=1000), metadata=METADATA)
    next(watch)
    time.sleep(3)
    for _ in watch:
        pass


raw = channel.unary_unary("/imgmgr.api.v1.RunService/Start", lambda request: request, lambda response: response)
row = images.List(image_service_pb2.ImageServiceListRequest(limit=1), metadata=METADATA).rows[0]
manage = run_service_pb2.RunServiceStartRequest(
    verb=common_pb2.VERB_MANAGE, clouds=["local"], manage=run_service_pb2.ManageFlags(build=False))
descriptors = descriptor_pb2.FileDescriptorSet()
with open(f"{folder}/set.bin", "rb") as file:
    descriptors.ParseFromString(file.read())

print(json.dumps({
    "list": [row.cloud, image_service_pb2.ImageState.Name(row.state), row.red_on.at.ToJsonString()],
    "start": runs.Start(manage, metadata=METADATA).started.id,
    "watch": event_numbers(0),
    "watch behind": event_numbers(2),
    "cancel": runs.Cancel(run_service_pb2.RunServiceCancelRequest(id=run), metadata=METADATA).id,
    "wrong token": failed(lambda: images.List(
        image_service_pb2.ImageServiceListRequest(), metadata=(("authorization", "Bearer x"),))),
    "no token": failed(lambda: images.List(image_service_pb2.ImageServiceListRequest())),
    "limit": failed(lambda: builds.Create(
        build_service_pb2.BuildServiceCreateRequest(definitions=["x" * 70000]), metadata=METADATA)),
    "unknown field": failed(lambda: raw(manage.SerializeToString() + b"\x98\x06\x01", metadata=METADATA)),
    "deadline": failed(lambda: runs.Get(
        run_service_pb2.RunServiceGetRequest(id=run), metadata=METADATA, timeout=0.5)),
    "slow": failed(slow),
    "files": {file.name: file.SerializeToString(deterministic=True).hex() for file in descriptors.file},
}))
