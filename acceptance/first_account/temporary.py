"""What two services say of where a call comes from: asked with things of its own, soon removed.

All have one name, by which the next run finds what an earlier one has left.
"""

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from functools import partial

from botocore.exceptions import BotoCoreError, ClientError

from acceptance.first_account.grants import GRANTS
from acceptance.first_account.look import Json, Look, NotLookedAtError, Seen
from components import names
from ops.session import explain
from pipeline import aws_errors

KINDS = "a role, a function, a rule, a topic and a queue"
_NAME = "first-account"
_SOON = 3
"""Minutes until what is new in IAM, or in a policy, has long been heard of everywhere."""
_ABSENT = ("NoSuchEntity", "NotFound", "QueueDoesNotExist", "NonExistentQueue")
"""What the codes of errors contain that say so."""


def begin(look: Look) -> Iterator[str]:
    """Take away what an earlier run has left; yield that, and what this one makes and costs."""
    if look.stack.endpoint:
        return
    removed, problems = remove(look)
    yield from (f"Left by an earlier run, and removed: {each}" for each in removed)
    yield from (f"Not looked for: {each}" for each in problems)
    yield (
        f"Makes, and removes at the end, {KINDS}: each is called {_name(look)}, the role "
        f"{_role(look)}. They cost less than $0.01; a text to a phone costs what SNS asks for it."
    )


def remove(look: Look) -> tuple[list[str], list[str]]:
    """Take away all that is there; return what that was, and what could not be removed."""
    removed: list[str] = []
    problems: list[str] = []
    for kind, end in _ENDS.items():
        what = f"{kind} {_role(look) if kind == 'role' else _name(look)}"
        try:
            end(look, _name(look))
            removed.append(what)
        except (BotoCoreError, ClientError) as error:
            code = aws_errors.code(error) if isinstance(error, ClientError) else ""
            if not any(absent in code for absent in _ABSENT):
                problems.append(f"{what}: {explain(error, look.stack)}")
    return removed, problems


def _end_rule(look: Look, name: str) -> None:
    look.ask("events", "remove_targets", Rule=name, Ids=[_NAME])
    look.ask("events", "delete_rule", Name=name)


def _end_topic(look: Look, name: str) -> None:
    topic: Json = {"TopicArn": look.stack.arn("sns", name)}
    look.ask("sns", "get_topic_attributes", **topic)  # deleting says nothing of one that is not
    look.ask("sns", "delete_topic", **topic)


def _end_queue(look: Look, name: str) -> None:
    url = look.ask("sqs", "get_queue_url", QueueName=name)["QueueUrl"]
    look.ask("sqs", "delete_queue", QueueUrl=url)


_ENDS: dict[str, Callable[[Look, str], object]] = {
    "function": lambda look, name: look.ask("lambda", "delete_function", FunctionName=name),
    "role": lambda look, _: look.ask("iam", "delete_role", RoleName=_role(look)),
    "rule": _end_rule,
    "topic": _end_topic,
    "queue": _end_queue,
}
"""Kind -> what takes it away."""


@GRANTS.probe("it could be a condition of the functions' trust")
def _source_account(look: Look) -> Seen:
    """Does Lambda send no `aws:SourceAccount` when it assumes a role?"""
    look.need_change()
    role: Json = {"RoleName": _role(look)}
    trust = partial(_policy, "lambda", "sts:AssumeRole")
    account = look.stack.arn("iam", "").split(":")[4]
    boundary = look.stack.settings.permissions_boundary
    made: Json = {"PermissionsBoundary": boundary} if boundary else {}
    made["AssumeRolePolicyDocument"] = trust({"StringEquals": {"aws:SourceAccount": account}})
    arn = look.ask("iam", "create_role", **role, **made)["Role"]["Arn"]
    look.has_made = True
    wanted: Json = {"Runtime": "python3.13", "Handler": "index.handler", "Role": arn}
    create = partial(_does, look, "create_function", Code={"ZipFile": _code()}, **wanted)
    invoke = partial(_does, look, "invoke")
    is_there = look.within(_SOON, create)
    if is_there and look.within(_SOON, invoke):
        return False, "with the condition in its role's trust a function ran"
    look.ask("iam", "update_assume_role_policy", **role, PolicyDocument=trust())
    if not ((is_there or look.within(_SOON, create)) and look.within(_SOON, invoke)):
        raise NotLookedAtError("needs a function that runs at least without the condition")
    return True, "a function ran once the condition was gone from its role's trust"


def _does(look: Look, operation: str, **request: object) -> bool:
    """Return whether Lambda can do it, or not yet, or not with the role."""
    try:
        look.ask("lambda", operation, FunctionName=_name(look), **request)
    except ClientError as error:
        is_new = aws_errors.code(error) == "ResourceConflictException"
        if is_new or "cannot be assumed" in aws_errors.message(error):
            return False
        raise
    return True


def _code() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("index.py", "def handler(event, context): pass\n")
    return file.getvalue()


@GRANTS.probe("it could be a condition of topic and key")
def _source_arn(look: Look) -> Seen:
    """Does EventBridge send no `aws:SourceArn` to an encrypted topic?"""
    look.need_change()
    key, name, arn = look.key()["Arn"], _name(look), look.stack.arn
    topic, queue = arn("sns", name), arn("sqs", name)
    send = _policy("sns", "sqs:SendMessage", _from(topic), queue)
    kept: Json = {"Policy": send, "SqsManagedSseEnabled": "true"}
    url = look.ask("sqs", "create_queue", QueueName=name, Attributes=kept)["QueueUrl"]
    look.has_made = True
    publish = partial(_policy, "events", "sns:Publish", resource=topic)
    strict = publish(_from(arn("events", f"rule/{name}")))
    encrypted: Json = {"KmsMasterKeyId": key, "Policy": strict}
    look.ask("sns", "create_topic", Name=name, Attributes=encrypted)
    look.ask("sns", "subscribe", TopicArn=topic, Protocol="sqs", Endpoint=queue)
    look.ask("events", "put_rule", Name=name, EventPattern=json.dumps({"source": [name]}))
    look.ask("events", "put_targets", Rule=name, Targets=[{"Id": _NAME, "Arn": topic}])

    def comes() -> bool:
        event = {"Source": name, "DetailType": _NAME, "Detail": "{}"}
        look.ask("events", "put_events", Entries=[event])
        wait: Json = {"QueueUrl": url, "WaitTimeSeconds": 20}
        return bool(look.ask("sqs", "receive_message", **wait).get("Messages"))

    if look.within(_SOON, comes):
        return False, "an event came with the condition in the topic's policy"
    change: Json = {"TopicArn": topic, "AttributeName": "Policy", "AttributeValue": publish()}
    look.ask("sns", "set_topic_attributes", **change)
    if not look.within(_SOON, comes):
        raise NotLookedAtError("needs an event that comes at least without the condition")
    return True, "an event came once the condition was gone from the topic's policy"


def _policy(service: str, action: str, only: Json | None = None, resource: str = "") -> str:
    """Return a policy by which a service may do one thing; a role's trust names no resource."""
    statement: Json = {"Effect": "Allow", "Principal": {"Service": f"{service}.amazonaws.com"}}
    statement |= {"Action": action, **({"Resource": resource} if resource else {})}
    statement |= {"Condition": only} if only else {}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _from(arn: str) -> Json:
    return {"ArnEquals": {"aws:SourceArn": arn}}


def _name(look: Look) -> str:
    return f"{look.prefix}--{_NAME}"


def _role(look: Look) -> str:
    return names.role(look.prefix, look.stack.region, _NAME)
