"""Who sent a request: the endpoint lets nobody in who does not hold a key of this start.

Loopback is no protection: every user of the machine reaches it, and so does every web page, by a
form, by `fetch`, or by a name that it lets resolve to 127.0.0.1 (DNS rebinding). So the signature
is computed anew with the key's secret, as on AWS, and what a browser sends is refused beforehand.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html

The body of a request to S3 may be large; it is not compared with the hash that was signed, nor is
a request's time. That would matter to somebody who sees what others send on loopback, who is root.
"""

import hmac
import re
import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, Self, cast

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from werkzeug.wrappers import Request

from local.aws.protocols import ServiceError

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>\w+)/\d{8}/(?P<region>[\w-]+)/(?P<service>[\w.-]+)"
    r"/aws4_request, ?SignedHeaders=(?P<headers>[\w;-]+), ?Signature=(?P<signature>[0-9a-f]{64})"
)
_refused = partial(ServiceError, status=403)
_GLOBAL = {"iam"}
"""Services that are signed for in us-east-1, wherever one is."""


@dataclass(frozen=True, repr=False)
class Keys:
    """What AWS calls an access key; with a token those of a role's session.

    They are new for each start and each session, so that none can be guessed.
    """

    access_key: str
    secret: str
    token: str | None = None

    @classmethod
    def new(cls, *, temporary: bool) -> Self:
        """Return new keys, as of a user, or as of a role's session."""
        kind, token = ("ASIA", secrets.token_hex(32)) if temporary else ("AKIA", None)
        return cls(f"{kind}{secrets.token_hex(8).upper()}", secrets.token_hex(20), token)

    @property
    def environment(self) -> dict[str, str]:
        """The variables in which AWS's SDKs look for the keys."""
        token = {"AWS_SESSION_TOKEN": self.token} if self.token else {}
        return {
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret,
            **token,
        }


class Sender(NamedTuple):
    """Who signed a request, and what for."""

    access_key: str
    service: str
    region: str


def sender(
    request: Request,
    host: str,
    region: str,
    keys_of: Callable[[str], Keys | None],
    others: Collection[str] = (),
) -> Sender:
    """Return who signed a request to `host` in `region`, which is also reached for the `others`.

    `keys_of` has the keys by the access key's id. The request's body is read only if the key is
    known, and not at all for S3.

    Raises:
        ServiceError: it comes from a web page, is not signed in its header, not with such keys, or
            for another region. The code is the one that S3 has for it.
    """
    if request.environ.get("HTTP_HOST") != host or "Origin" in request.headers:
        raise _refused("AccessDenied", f"the embedded AWS answers on {host} only, and no page")
    found = _AUTHORIZATION.fullmatch(request.headers.get("Authorization", ""))
    if found is None:
        message = "the embedded AWS takes requests with Signature Version 4 in their header only"
        raise _refused("AccessDenied", f"{message}, no unsigned ones and no presigned URLs")
    keys = keys_of(found["key"])
    if keys is None or keys.token != request.headers.get("X-Amz-Security-Token"):
        message = "these are no keys of this start of the embedded AWS; see .local/endpoint.json"
        raise _refused("InvalidAccessKeyId", message)
    if not hmac.compare_digest(_signature(request, found, keys), found["signature"]):
        message = "The request signature we calculated does not match the one you provided"
        raise _refused("SignatureDoesNotMatch", message)
    asked = region if found["service"] in _GLOBAL else found["region"]
    known = sorted({region, *others})
    if asked not in known:
        message = f"the embedded AWS has {' and '.join(known)} only, and no {asked}"
        raise _refused("AuthorizationHeaderMalformed", message)
    return Sender(found["key"], found["service"], asked)


def _signature(request: Request, found: re.Match[str], keys: Keys) -> str:
    """Return the signature that a request has to have, computed as by the SDK that made it."""
    s3 = found["service"] == "s3"
    signed = AWSRequest(
        method=request.method,
        url=f"http://{request.environ['HTTP_HOST']}{request.environ['RAW_URI']}",
        headers={name: request.headers.get(name, "") for name in found["headers"].split(";")},
        data=b"" if s3 else request.get_data(),
    )
    signed.context["timestamp"] = request.headers.get("X-Amz-Date", "")
    credentials = Credentials(keys.access_key, keys.secret)
    scheme = S3SigV4Auth if s3 else SigV4Auth
    signer = cast("Any", scheme)(credentials, found["service"], found["region"])
    return signer.signature(signer.string_to_sign(signed, signer.canonical_request(signed)), signed)
