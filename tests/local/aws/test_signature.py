"""Who gets an answer from the embedded AWS: whoever signs with a key of this start, and no page."""

import http.client
from typing import Any, cast
from urllib.error import HTTPError
from urllib.request import urlopen

import boto3
import pytest
from botocore import UNSIGNED
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from local.aws.endpoint import LocalAws
from local.aws.signature import Keys
from tests.local.aws.iam.iam_caller import ACCOUNT, REGION, Caller

EVIL = "evil.example"
# Of control characters moto's own routes know all but one, and XML knows hardly any.
CONTROLS = ["new\nline", "\n", "end\n", "\r", "\r\n", "\b\x01\x1f\x7f", "n\x85l", "u\u2028v"]
KEYS = ["a//b", "a b+c", "größe 🎉", "%41", "a?b=c&d", "~-._", "a:b", *CONTROLS]
PAGE = {"Origin": f"https://{EVIL}", "Content-Type": "text/plain"}


@pytest.fixture(scope="module")
def bucket(aws: LocalAws) -> str:
    where = {"LocationConstraint": REGION}
    for name in ("moto-api", "signed"):
        aws.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration=where)
    aws.client("s3").put_object(Bucket="signed", Key="k", Body=b"secret")
    return "signed"


def signed(
    aws: LocalAws, method: str, path: str, *, service: str = "s3", body: bytes = b""
) -> dict[str, str]:
    """Return the headers of a request with the administrator's signature."""
    request = AWSRequest(method, f"{aws.url}{path}", data=body)
    keys = Credentials(aws.administrator.access_key, aws.administrator.secret)
    scheme: Any = S3SigV4Auth if service == "s3" else SigV4Auth
    scheme(keys, service, REGION).add_auth(request)
    return dict(cast("Any", request.headers).items())


def send(
    aws: LocalAws, method: str, path: str, headers: dict[str, str], body: bytes = b""
) -> tuple[int, dict[str, str], str]:
    """Return status, headers and body of the answer to exactly this request."""
    connection = http.client.HTTPConnection(aws.url.removeprefix("http://"), timeout=10)
    try:
        connection.putrequest(method, path, skip_host="Host" in headers)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read().decode()
    finally:
        connection.close()


def client(aws: LocalAws, keys: Keys, **config: Any) -> Any:
    variables = {name.lower(): value for name, value in keys.environment.items()}
    path_style = Config(s3={"addressing_style": "path"}, **config)
    return cast("Any", boto3).client(
        "s3", endpoint_url=aws.url, region_name=REGION, config=path_style, **variables
    )


class TestAPageOfTheWeb:
    def test_gets_nothing_even_with_a_signature(self, aws: LocalAws, bucket: str) -> None:
        path = f"/{bucket}/k"
        headers = signed(aws, "GET", path)
        assert send(aws, "GET", path, headers)[::2] == (200, "secret")
        for foreign in (PAGE, {"Origin": "null"}, {"Host": EVIL}, {"Host": f"{EVIL}:80"}):
            assert send(aws, "GET", path, {**headers, **foreign})[0] == 403

    @pytest.mark.parametrize("path", ["/moto-api/reset", "/signed", "/"])
    def test_posts_and_asks_before_it_in_vain(self, aws: LocalAws, bucket: str, path: str) -> None:
        for method in ("POST", "OPTIONS", "GET", "PUT", "DELETE"):
            status, headers, _ = send(aws, method, path, PAGE)
            assert status == 403
            assert not [name for name in headers if name.startswith("Access-Control")]
        assert aws.client("s3").get_object(Bucket=bucket, Key="k")["Body"].read() == b"secret"

    def test_may_read_no_answer(self, aws: LocalAws, bucket: str) -> None:
        answer = aws.client("s3").get_object(Bucket=bucket, Key="k")["ResponseMetadata"]
        assert not [name for name in answer["HTTPHeaders"] if name.startswith("access-control")]


class TestASender:
    @pytest.mark.usefixtures("bucket")
    def test_without_a_key_of_this_start_is_refused(self, aws: LocalAws) -> None:
        own = aws.administrator
        other = LocalAws(REGION).administrator
        wrong = Keys(own.access_key, other.secret), Keys(own.access_key, own.secret, "token")
        for keys, code in (
            (other, "InvalidAccessKeyId"),
            (wrong[0], "SignatureDoesNotMatch"),
            (wrong[1], "InvalidAccessKeyId"),
        ):
            with pytest.raises(ClientError, match=code):
                client(aws, keys).list_buckets()

    def test_with_a_roles_key_id_needs_its_secret_and_its_token(self, aws: LocalAws) -> None:
        keys = Caller(aws).session.keys
        for wrong, code in (
            (Keys(keys.access_key, "x", keys.token), "SignatureDoesNotMatch"),
            (Keys(keys.access_key, keys.secret, "x"), "InvalidAccessKeyId"),
            (Keys(keys.access_key, keys.secret), "InvalidAccessKeyId"),
        ):
            with pytest.raises(ClientError, match=code):
                client(aws, wrong).get_object(Bucket="signed", Key="k")

    def test_who_signs_nothing_or_only_the_address_is_refused(
        self, aws: LocalAws, bucket: str
    ) -> None:
        with pytest.raises(ClientError, match="AccessDenied"):
            client(aws, Keys("", ""), signature_version=UNSIGNED).list_objects_v2(Bucket=bucket)
        url = client(aws, aws.administrator).generate_presigned_url(
            "get_object", {"Bucket": bucket, "Key": "k"}
        )
        with pytest.raises(HTTPError, match="403"):
            urlopen(url, timeout=10)  # noqa: S310 - on loopback

    def test_cannot_have_another_body_than_was_signed(self, aws: LocalAws) -> None:
        body = b"Action=ListRoles&Version=2010-05-08"
        headers = signed(aws, "POST", "/", service="sts", body=body)
        status, _, text = send(aws, "POST", "/", headers, body.replace(b"Roles", b"Users"))
        assert (status, "SignatureDoesNotMatch" in text) == (403, True)

    def test_for_another_region_is_refused(self, aws: LocalAws) -> None:
        variables = {k.lower(): v for k, v in aws.administrator.environment.items()}
        sqs = cast("Any", boto3).client(
            "sqs", endpoint_url=aws.url, region_name="us-west-2", **variables
        )
        with pytest.raises(ClientError, match=f"has {REGION} only, and no us-west-2"):
            sqs.list_queues()

    @pytest.mark.usefixtures("bucket")
    def test_may_give_an_object_any_key(self, aws: LocalAws) -> None:
        s3 = aws.client_as(Caller(aws).session, "s3")
        for key in KEYS:
            s3.put_object(Bucket="signed", Key=key, Body=key.encode())
            assert s3.get_object(Bucket="signed", Key=key)["Body"].read() == key.encode()
            listed = s3.list_objects_v2(Bucket="signed", Prefix=key, MaxKeys=1)["Contents"]
            assert [each["Key"] for each in listed] == [key]


class TestDoorsOfMoto:
    @pytest.mark.parametrize(
        "path",
        [
            "/moto-api/",
            "/moto-api/data.json",
            "/moto-api/recorder/download-recording",
            "/favicon.ico",
            "/latest/meta-data/iam/security-credentials/role",
        ],
    )
    def test_are_paths_of_s3_even_for_the_owner_of_the_keys(self, aws: LocalAws, path: str) -> None:
        _, _, text = send(aws, "GET", path, signed(aws, "GET", path))
        assert "<Error>" in text or "<ListBucketResult" in text

    @pytest.mark.usefixtures("bucket")
    def test_empty_nothing(self, aws: LocalAws) -> None:
        send(aws, "POST", "/moto-api/reset", signed(aws, "POST", "/moto-api/reset"))
        names = [each["Name"] for each in aws.client("s3").list_buckets()["Buckets"]]
        assert {"moto-api", "signed"} <= set(names)

    def test_a_bucket_may_have_the_name_of_one(self, aws: LocalAws, bucket: str) -> None:
        del bucket
        s3 = aws.client("s3")
        s3.put_object(Bucket="moto-api", Key="reset", Body=b"mine")
        assert s3.get_object(Bucket="moto-api", Key="reset")["Body"].read() == b"mine"

    def test_no_header_leads_into_another_account(self, aws: LocalAws) -> None:
        body = b"Action=GetCallerIdentity&Version=2011-06-15"
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        headers = {**signed(aws, "POST", "/", service="sts", body=body), **form}
        other = {"x-moto-account-id": "999988887777"}
        status, _, text = send(aws, "POST", "/", {**headers, **other}, body)
        assert (status, f"<Account>{ACCOUNT}</Account>" in text) == (200, True)
