"""What a Python client sees of a server that runs: the port, a folder for the generated modules, JSON of tokens, runs and names -> JSON, one key for each thing it tried."""
import json
import subprocess
import sys
import time

port, folder, given = sys.argv[1:]
world = json.loads(given)
files = [f"imgmgr/api/v1/{name}.proto" for name in ("common", "plan", "run_service", "image_service", "build_service")]
subprocess.run([sys.executable, "-m", "grpc_tools.protoc", "-Iproto", f"--python_out={folder}", f"--grpc_python_out={folder}", *files],
               check=True)
sys.path.insert(0, folder)

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from imgmgr.api.v1 import (build_service_pb2, build_service_pb2_grpc, common_pb2, image_service_pb2,
                           image_service_pb2_grpc, plan_pb2, run_service_pb2, run_service_pb2_grpc)

channel = grpc.insecure_channel(f"127.0.0.1:{port}")
images = image_service_pb2_grpc.ImageServiceStub(channel)
builds = build_service_pb2_grpc.BuildServiceStub(channel)
runs = run_service_pb2_grpc.RunServiceStub(channel)
CLOUDS = ["admin"]


def as_(role):
    return (("authorization", f"Bearer {world['tokens'][role]}"),)


OPERATOR = as_("operator")


def failed(call):
    """The code of a call, and our code in its details."""
    try:
        call()
    except grpc.RpcError as error:
        status = rpc_status.from_call(error)
        info = error_details_pb2.ErrorInfo()
        if status is None or not status.details[0].Unpack(info):
            return [error.code().name, None]
        return [error.code().name, info.reason]
    return ["OK", None]


def watched(id_, after=0):
    """Numbers of the events of a run, and how it ended."""
    numbers, end = [], None
    for message in runs.Watch(run_service_pb2.RunServiceWatchRequest(id=id_, after=after), metadata=OPERATOR):
        if message.WhichOneof("message") == "end":
            end = run_service_pb2.RunState.Name(message.end.state)
        else:
            numbers.append(message.event.seq)
    return numbers, end


def ended(response):
    """The run that was started, when it is over."""
    watched(response.started.id)
    return runs.Get(run_service_pb2.RunServiceGetRequest(id=response.started.id), metadata=OPERATOR).run


def get(id_):
    return runs.Get(run_service_pb2.RunServiceGetRequest(id=id_), metadata=OPERATOR)


def start(**fields):
    return runs.Start(run_service_pb2.RunServiceStartRequest(**fields), metadata=OPERATOR)


def manage():
    return start(verb=common_pb2.VERB_MANAGE, clouds=CLOUDS, manage=run_service_pb2.ManageFlags(build=False))


seen = {}
live = manage()
numbers, end = watched(live.started.id)
seen["watch of a live run"] = [numbers == sorted(set(numbers)) and len(numbers) > 5, end]
middle = numbers[len(numbers) // 2]
seen["resumed"] = watched(live.started.id, middle) == ([number for number in numbers if number > middle], end)
seen["run"] = [get(live.started.id).run.verb, len(get(live.started.id).actions) > 0]
listed = runs.List(run_service_pb2.RunServiceListRequest(verb=["manage"], cloud=CLOUDS, limit=1), metadata=OPERATOR)
seen["runs"] = [listed.runs[0].id == live.started.id]
log = runs.Log(run_service_pb2.RunServiceLogRequest(id=live.started.id, log="errors"), metadata=OPERATOR)
seen["log"] = any("publish" in line for line in log.lines)
seen["cancel of what is over"] = failed(
    lambda: runs.Cancel(run_service_pb2.RunServiceCancelRequest(id=live.started.id), metadata=OPERATOR))
row = images.List(image_service_pb2.ImageServiceListRequest(cloud=CLOUDS, refresh=True), metadata=OPERATOR).rows[0]
seen["images"] = [row.cloud, row.definition, image_service_pb2.ImageState.Name(row.state)]
image = images.Get(image_service_pb2.ImageServiceGetRequest(cloud="admin", target="X"), metadata=OPERATOR)
seen["image"] = image.shown.images[0].name
verify = image_service_pb2.ImageServiceVerifyRequest(definitions=["X"], clouds=CLOUDS, flags=run_service_pb2.VerifyFlags(deep=True))
seen["verify"] = ended(images.Verify(verify, metadata=OPERATOR)).verb
made = images.Rollback(image_service_pb2.ImageServiceRollbackRequest(make=image_service_pb2.RollbackPlanRequest(
    definitions=["X"], clouds=CLOUDS, flags=image_service_pb2.RollbackFlags(reason="r", pull=True))), metadata=OPERATOR).plan
approve = lambda text: images.Rollback(image_service_pb2.ImageServiceRollbackRequest(
    approve=plan_pb2.PlanApproval(plan=made.plan.id, confirm=text)), metadata=OPERATOR)
seen["rollback, not typed"] = failed(lambda: approve(""))
seen["rollback"] = ended(approve(made.confirm.text)).exit_code
hold = image_service_pb2.ImageServiceHoldRequest(definitions=["X"], clouds=CLOUDS, flags=run_service_pb2.HoldFlags(until="2099-01-01"))
seen["hold"] = ended(images.Hold(hold, metadata=OPERATOR)).exit_code
create = build_service_pb2.BuildServiceCreateRequest(definitions=["X"])
build = ended(builds.Create(create, metadata=OPERATOR))
seen["build"] = builds.Get(build_service_pb2.BuildServiceGetRequest(id=build.id), metadata=OPERATOR).details.run.verb
seen["builds"] = builds.List(build_service_pb2.BuildServiceListRequest(limit=1), metadata=OPERATOR).page.runs[0].id == build.id
seen["cancel of a build"] = failed(lambda: builds.Cancel(build_service_pb2.BuildServiceCancelRequest(id=build.id), metadata=OPERATOR))
delete = lambda text: builds.Delete(build_service_pb2.BuildServiceDeleteRequest(id=world["built"], confirm=text), metadata=OPERATOR)
seen["deletion, not typed"] = failed(lambda: delete("built"))
seen["deletion"] = ended(delete(get(world["built"]).deletion.confirm)).exit_code
seen["deletion, again"] = failed(lambda: delete("Built"))

LIST = run_service_pb2.RunServiceListRequest()
seen["roles"] = {}
for role in ("metrics", "viewer"):
    seen["roles"][role] = [
        failed(lambda: runs.List(LIST, metadata=as_(role)))[0],
        failed(lambda: images.Hold(hold, metadata=as_(role)))[0],
    ]
seen["a cloud of others"] = failed(lambda: images.Hold(hold, metadata=as_("limited")))
seen["over the limit"] = failed(
    lambda: builds.Create(build_service_pb2.BuildServiceCreateRequest(definitions=["x" * 70000]), metadata=OPERATOR))
seen["deadline"] = failed(lambda: list(runs.Watch(
    run_service_pb2.RunServiceWatchRequest(id=world["lasting"]), metadata=OPERATOR, timeout=1)))

asis = {"request_serializer": bytes, "response_deserializer": bytes}
seen["health"] = channel.unary_unary("/grpc.health.v1.Health/Check", **asis)(b"") == b"\x08\x01"
reflect = channel.stream_stream("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", **asis)
seen["reflection"] = [name in b"".join(reflect(iter([b"\x3a\x01*"]), metadata=as_("metrics")))
                      for name in (b"imgmgr.api.v1.ImageService", b"imgmgr.api.v1.BuildService", b"imgmgr.api.v1.RunService")]


def slow():
    watch = runs.Watch(run_service_pb2.RunServiceWatchRequest(id=world["long"]), metadata=OPERATOR)
    numbers = [next(watch).event.seq]
    time.sleep(35)
    for message in watch:
        numbers.append(message.event.seq)


seen["slow"] = failed(slow)
seen["wrong tokens"] = sorted({failed(lambda: runs.List(LIST, metadata=(("authorization", f"Bearer imgmgr_{number}"),)))[0]
                               for number in range(25)})
print(json.dumps(seen))
