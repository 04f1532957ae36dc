"""Names of interface endpoints: what a service's is called, in com.amazonaws.<region>.<name>."""

from __future__ import annotations

from components.aws import models

GATEWAY = "s3"
"""The one service that every created VPC reaches by a gateway endpoint."""

_OTHERWISE = {
    "firehose": "kinesis-firehose",
    "iot-data": "iot.data",
    "kinesis": "kinesis-streams",
    "pinpoint-sms-voice-v2": "pinpoint-sms-voice-v2",
    "ses": "email-smtp",
    "sesv2": "email-smtp",
}
"""Services whose endpoint has another name than their hosts; the others' agree.

https://docs.aws.amazon.com/vpc/latest/privatelink/aws-services-privatelink-support.html
"""


def of_service(service: str) -> str:
    """Return the name of a service's endpoint, such as monitoring for cloudwatch.

    By its host names in botocore's model, turned round: api.ecr is ecr.api. What the model does not
    have is newer, or the name of an endpoint already: it is returned as it is.
    """
    hosts = models.host_prefix(service)
    turned = ".".join(reversed(hosts.split("."))) if hosts else service
    return _OTHERWISE.get(service, turned)
