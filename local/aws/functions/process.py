"""What a function's process runs (by `python -c`): AWS's runtime client, against our Runtime API.

The API's address has a secret path, see `lambda_runtime.py`. The client's native part takes such an
address as it is; its Python part, which tells that a function could not be loaded, does not.
"""

import os
import sys

from awslambdaric import bootstrap  # pyright: ignore[reportMissingTypeStubs]
from awslambdaric.lambda_runtime_client import (  # pyright: ignore[reportMissingTypeStubs]
    LambdaRuntimeClient,
)

_host, _, _secret = os.environ["AWS_LAMBDA_RUNTIME_API"].partition("/")


class _Client(LambdaRuntimeClient):
    def call_rapid(self, http_method: str, endpoint: str, *more: object, **named: object) -> None:
        super().call_rapid(http_method, f"/{_secret}{endpoint}", *more, **named)


bootstrap.run(sys.argv[1], _Client(_host))
