"""Which of a script's last lines is taken for the reason why it failed."""

import pytest

from tests.container.modules import load

exit_message = load("exit_message.py")

SPARK_ERROR = "26/01/05 02:00:01 ERROR Executor: Exception in task 0.0: column price not found"
JAVA = """\
Exception in thread "main" org.apache.spark.SparkException: Job aborted
\tat org.apache.spark.SparkException.<init>(SparkException.scala:7)
Caused by: java.lang.IllegalArgumentException: column price not found
\tat shop.Prices.readOrFail(Prices.java:3)
\t... 12 more
"""
PYTHON = """\
Traceback (most recent call last):
  File "errors.py", line 3, in <module>
KeyError: 'price'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "errors.py", line 5, in <module>
    raise NoRows("the error")
shop.NoRows: table orders is empty
"""


class TestTheReasonIs:
    @pytest.mark.parametrize(
        ("printed", "reason"),
        [
            ("no rows\nlater\n", "later"),
            ("no rows", "no rows"),
            ("cp: cannot stat '/x'\n+ rm -rf /tmp/t\n++ date\n", "cp: cannot stat '/x'"),
            (f"{SPARK_ERROR}\n26/01/05 02:00:02 INFO Hooks: error hook called\n", SPARK_ERROR),
            (f"{SPARK_ERROR}\n26/01/05 02:00:02 WARN Hooks: failed to delete\n", SPARK_ERROR),
            ("ValueError: x\nINFO:root:closing\nDEBUG:root:bye\n", "ValueError: x"),
            ("ValueError: x\n2026-01-05 02:00 - shop - INFO - bye\n", "ValueError: x"),
            ('ValueError: x\n{"level": "info", "msg": "bye"}\n', "ValueError: x"),
            ("ValueError: x\n[main] INFO bye\n2026-01-05T02:00:00Z DEBUG bye\n", "ValueError: x"),
            ("2026-01-05 ERROR table INFO is empty\nbye\n", "2026-01-05 ERROR table INFO is empty"),
            ("ValueError: x\nlevel=debug msg=bye\n", "ValueError: x"),
            (
                "tar: orders.csv: Not found in archive\n"
                "tar: Exiting with failure status due to previous errors\n",
                "tar: orders.csv: Not found in archive",
            ),
            ("gcc: fatal error: no input\nmake: *** [all] Error 4\n", "gcc: fatal error: no input"),
            ("psql: connection refused\n12 tables, 0 errors\n", "psql: connection refused"),
            (JAVA, "Caused by: java.lang.IllegalArgumentException: column price not found"),
            (PYTHON, "shop.NoRows: table orders is empty"),
            ("rm: cannot remove 'x'\nbye\n", "rm: cannot remove 'x'"),
            (
                "WARNING: could not find cache\nx.sh: Segmentation fault ./prog\n",
                "x.sh: Segmentation fault ./prog",
            ),
            (
                "2026-01-05 02:00 loader ERROR disk quota reached\n"
                "2026-01-05 02:01 loader INFO cleaning up failed parts\n",
                "2026-01-05 02:00 loader ERROR disk quota reached",
            ),
        ],
    )
    def test_the_last_line_that_looks_like_one(self, printed: str, reason: str) -> None:
        assert exit_message.reason(printed) == reason

    @pytest.mark.parametrize(
        "line", ["cannot open PRODUCT INFO table", "ERROR: TABLE INFO is empty", "INFORMIX down"]
    )
    def test_no_line_of_a_level_because_it_has_such_a_word(self, line: str) -> None:
        assert exit_message.reason(f"{line}\n+ cleanup\n") == line

    def test_no_line_from_long_before_the_end(self) -> None:
        said = "\n".join(["an error, which was dealt with", *map(str, range(20))])
        assert exit_message.reason(said) == "19"

    def test_a_line_before_any_number_of_quiet_ones(self) -> None:
        said = "\n".join([SPARK_ERROR, *(f"26/01/05 02:00:02 INFO hook {n}" for n in range(99))])
        assert exit_message.reason(said) == SPARK_ERROR

    def test_a_quiet_line_where_there_is_no_other(self) -> None:
        assert exit_message.reason("+ cd /data\n+ false\n") == "+ false"

    def test_nothing_where_nothing_was_said(self) -> None:
        assert exit_message.reason("\n \r\n") == ""


RETRYING = """\
WARNING: Retrying (Retry(total=0, connect=None, read=None, redirect=None, status=None)) after \
connection broken by 'NewConnectionError('<pip._vendor.urllib3.connection.HTTPSConnection object \
at 0x7fdf93b25610>: Failed to establish a new connection: [Errno -3] Temporary failure in name \
resolution')': /simple/duckdb/
"""
NO_PACKAGE = """\
ERROR: Could not find a version that satisfies the requirement duckdb==0.1 (from versions: none)
ERROR: No matching distribution found for duckdb==0.1
"""
INDEX_FAILED = """\
W: Failed to fetch http://deb.example.org/debian/dists/trixie/InRelease  Temporary failure \
resolving 'deb.example.org'
W: Some index files failed to download. They have been ignored, or old ones used instead.
"""
NO_CREDENTIALS = """\
Traceback (most recent call last):
  File "/venv/botocore/signers.py", line 200, in sign
    auth.add_auth(request)
  File "/venv/botocore/auth.py", line 433, in add_auth
    raise NoCredentialsError()
botocore.exceptions.NoCredentialsError: Unable to locate credentials
"""
CHAINED = """\
socket.gaierror: [Errno -3] Temporary failure in name resolution

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/venv/requests/adapters.py", line 729, in send
    raise ConnectionError(e, request=request)
requests.exceptions.ConnectionError: HTTPSConnectionPool(host='example.com', port=443): Max \
retries exceeded with url: / (Caused by NameResolutionError("Failed to resolve 'example.com'"))
"""
NODE = """\
node:internal/deps/undici/undici:14976
      Error.captureStackTrace(err);
            ^

TypeError: fetch failed
    at node:internal/deps/undici/undici:14976:13
    at process.processTicksAndRejections (node:internal/process/task_queues:95:5) {
  [cause]: Error: getaddrinfo EAI_AGAIN example.com
      at GetAddrInfoReqWrap.onlookupall [as oncomplete] (node:dns:122:26) {
    errno: -3001,
    code: 'EAI_AGAIN',
    syscall: 'getaddrinfo',
    hostname: 'example.com'
  }
}

Node.js v20.20.2
"""


class TestWithoutANetwork:
    """What the tools print in a network namespace of their own."""

    @pytest.mark.parametrize(
        "line",
        [
            "curl: (6) Could not resolve host: example.com",
            "curl: (7) Failed to connect to 10.0.0.1 port 80: Couldn't connect to server",
            "wget: unable to resolve host address 'example.com'",
            "fatal: unable to access 'https://example.com/': Could not resolve host: example.com",
            'psql: error: could not translate host name "db" to address: Temporary failure in name',
            'Unable to locate credentials. You can configure credentials by running "aws login".',
            'Could not connect to the endpoint URL: "https://s3.eu-central-1.amazonaws.com/"',
            "urllib.error.URLError: <urlopen error [Errno 101] Network is unreachable>",
        ],
    )
    def test_the_reason_is_the_tools_own_line(self, line: str) -> None:
        assert exit_message.reason(f"reading\n{line}\n+ cleanup\n") == line

    @pytest.mark.parametrize(
        ("printed", "part"),
        [
            (RETRYING + NO_PACKAGE, "Temporary failure in name resolution"),
            (INDEX_FAILED, "Temporary failure resolving 'deb.example.org'"),
            (INDEX_FAILED + "E: Unable to locate package jq\n", "Temporary failure resolving"),
            (NO_CREDENTIALS, "botocore.exceptions.NoCredentialsError: Unable to locate"),
            (
                CHAINED,
                "requests.exceptions.ConnectionError: HTTPSConnectionPool(host='example.com'",
            ),
            (NODE, "Error: getaddrinfo EAI_AGAIN example.com"),
        ],
    )
    def test_the_reason_is_the_line_that_says_so(self, printed: str, part: str) -> None:
        assert part in exit_message.reason(printed)

    @pytest.mark.parametrize(
        ("printed", "reason"),
        [
            (NO_PACKAGE, "ERROR: No matching distribution found for duckdb==0.1"),
            ("E: Unable to locate package jq\n", "E: Unable to locate package jq"),
            ("curl: (6) Could not resolve host: x\nERROR: no rows\n", "ERROR: no rows"),
        ],
    )
    def test_the_reason_is_another_where_that_was_not_it(self, printed: str, reason: str) -> None:
        assert exit_message.reason(printed) == reason


class TestACarriageReturn:
    @pytest.mark.parametrize(
        ("printed", "reason"),
        [
            ("no column price\n\r 10% done\r 50% done\r100% done", "no column price"),
            ("10%\rno disk\n", "no disk"),
            ("no disk\r\nbye\r\n", "bye"),
            ("no disk\n\rrows: 50%|#####     | 5/10", "no disk"),
            ("reading a\rreading b\n", r"reading a\rreading b"),
            (
                "x.sh: line 1: set: pipefail\r: invalid option name\n",
                r"x.sh: line 1: set: pipefail\r: invalid option name",
            ),
        ],
    )
    def test_ends_a_line_only_where_something_writes_over_it(
        self, printed: str, reason: str
    ) -> None:
        assert exit_message.reason(printed) == reason
