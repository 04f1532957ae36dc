"""`ops doctor`: whether account and machine have what a stack needs, before `pulumi up`."""

import argparse
import json
import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from rich.text import Text

from components.settings import stack_file
from ops import stack as stacks
from ops import this_machine
from ops.quotas import Quota, Quotas, raised
from ops.session import Session, explain
from ops.stack import Stack
from ops.this_machine import OK, WARNING, WRONG, Finding

_STYLES = {OK: "green", WARNING: "yellow", WRONG: "red"}


def show(session: Session, options: argparse.Namespace) -> int:
    """Check machine, state and account; return 1 if something is wrong."""
    del options
    stack = session.stack
    deploys = stack.name != "local"
    found = [*this_machine.findings(deploys=deploys)]
    if deploys:
        found += [*state(stack), *account(stack)]
    session.screen.answer(found, *(Text(str(each), _STYLES[each.level]) for each in found))
    return this_machine.status_of(found)


def state(stack: Stack) -> Iterator[Finding]:
    """Yield where Pulumi keeps the stack's state, and how it encrypts its secrets."""
    status, out, err = this_machine.run("pulumi", "stack", "ls", "--json", "--non-interactive")
    if status == 127:
        return
    if status:
        get = "pulumi login, or export PULUMI_BACKEND_URL='s3://BUCKET?region=REGION'"
        yield Finding("state", WRONG, err.removeprefix("error: "), get)
        return
    known = {each["name"].rpartition("/")[2]: each for each in json.loads(out)}
    if stack.name not in known:
        yield Finding("state", WARNING, "has no such stack", f"pulumi stack init {stack.name}")
        return
    yield Finding("state", OK, f"has stack {stack.name}")
    # Only Pulumi Cloud has an address of each.
    yield secrets(_file(stack), in_cloud="url" in known[stack.name])


def secrets(file: dict[str, Any], *, in_cloud: bool) -> Finding:
    """Judge how a stack's secrets are encrypted, by its file and where its state is."""
    provider = str(file.get("secretsprovider") or "passphrase").partition("?")[0]
    key = "encryptionsalt" if provider == "passphrase" else "encryptedkey"
    if key not in file:
        if in_cloud:
            return Finding("secrets", OK, "by Pulumi Cloud")
        get = f"commit the {key} that pulumi stack init wrote into it"
        return Finding("secrets", WRONG, f"the stack's file has no {key}", get)
    set_ = os.environ.keys() & {"PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"}
    if provider == "passphrase" and not set_:
        get = "export PULUMI_CONFIG_PASSPHRASE_FILE=FILE"
        return Finding("secrets", WRONG, "the passphrase of encryptionsalt is not set", get)
    return Finding("secrets", OK, f"by {provider}")


def account(stack: Stack) -> Iterator[Finding]:
    """Yield what AWS says: first whose account this is, without which it says nothing else."""
    try:
        caller = stack.client("sts").get_caller_identity()
    except (BotoCoreError, ClientError) as error:
        # AWS says the same of good ones in a region that the account has switched off.
        off = f"if they are good elsewhere: aws account enable-region --region-name {stack.region}"
        refused = isinstance(error, ClientError)
        yield Finding("credentials", WRONG, explain(error, stack), off if refused else "")
        return
    yield Finding("credentials", OK, caller["Arn"])
    checks: dict[str, Callable[[], Iterable[Finding]]] = {
        "region": lambda: region(stack),
        "quota": lambda: Quotas(stack.settings, _quotas(stack)).findings(),
        "lambda": lambda: concurrency(stack),
        "sms": lambda: sandbox(stack),
    }
    for about, check in checks.items():
        try:
            yield from check()
        except (BotoCoreError, ClientError) as error:
            yield Finding(about, WARNING, f"not checked: {explain(error, stack)}")


def region(stack: Stack) -> Iterator[Finding]:
    """Yield whether the account has the region switched on."""
    found = stack.client("account").get_region_opt_status(RegionName=stack.region)
    status = found["RegionOptStatus"]
    if status in ("ENABLED", "ENABLED_BY_DEFAULT"):
        yield Finding("region", OK, stack.region)
    else:
        get = f"aws account enable-region --region-name {stack.region}"
        yield Finding("region", WRONG, f"{stack.region} is {status}", get)


def _quotas(stack: Stack) -> dict[str, Quota]:
    pages = stack.client("service-quotas").get_paginator("list_service_quotas")
    return {
        each["QuotaName"]: Quota(each["Value"], each["QuotaCode"])
        for page in pages.paginate(ServiceCode="sagemaker")
        for each in page["Quotas"]
    }


def concurrency(stack: Stack) -> Iterator[Finding]:
    """Yield whether Lambda runs both functions for all schedules that may be due at once.

    What it does not run at once it tries again for six hours (components/function.py).
    """
    limit = stack.client("lambda").get_account_settings()["AccountLimit"]
    free, wanted = limit["UnreservedConcurrentExecutions"], 2 * len(stack.settings.schedules)
    text = f"{free} of {limit['ConcurrentExecutions']} concurrent executions are unreserved"
    if free >= wanted:
        yield Finding("lambda", OK, text)
        return
    get = raised("lambda", "L-B99A9384", 1000, stack.region)
    level = WARNING if free else WRONG
    yield Finding("lambda", level, f"{text}; {wanted} may be due at once, some wait", get)


def sandbox(stack: Stack) -> Iterator[Finding]:
    """Yield whether each phone of the settings gets messages."""
    phones, sns = _phones(stack), stack.client("sns")
    if not phones:
        return
    if not sns.get_sms_sandbox_account_status()["IsInSandbox"]:
        yield Finding("sms", OK, "the account is out of the sandbox")
        return
    pages = sns.get_paginator("list_sms_sandbox_phone_numbers").paginate()
    numbers = {n["PhoneNumber"]: n["Status"] for page in pages for n in page["PhoneNumbers"]}
    for phone in phones:
        if numbers.get(phone) == "Verified":
            yield Finding("sms", OK, f"{phone} is verified in the sandbox")
            continue
        here = f"--phone-number {phone} --region {stack.region}"
        get = (
            f"aws sns create-sms-sandbox-phone-number {here}, then "
            f"aws sns verify-sms-sandbox-phone-number {here} --one-time-password CODE"
        )
        if phone == _ENCRYPTED:
            yield Finding("sms", WARNING, "an encrypted number has to be verified first", get)
        else:
            yield Finding("sms", WRONG, f"{phone} gets nothing: it is not verified", get)


_ENCRYPTED = "NUMBER"


def _phones(stack: Stack) -> list[str]:
    """Return the settings' numbers; if any of `alerts` is encrypted, they have none of it."""
    known = stack.settings.alerts.subscriptions
    if not known and '"protocol": "sms"' in json.dumps(_file(stack)):
        return [_ENCRYPTED]
    return [each.endpoint for each in known if each.protocol == "sms"]


def _file(stack: Stack) -> dict[str, Any]:
    return stack_file.load(stacks.ROOT / f"Pulumi.{stack.name}.yaml")
