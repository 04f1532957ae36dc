"""moto in the tests' own process, without what takes it long and changes no answer."""

from functools import cache, lru_cache
from typing import Any, cast
from unittest.mock import Mock

from moto import mock_aws
from moto.core import models, responses, serialize
from moto.dynamodb.parsing import ast_nodes
from moto.sns.models import Subscription

__all__ = ["mock_aws"]

_MODELS, _RESPONSES, _SUBSCRIPTION = cast("tuple[Any, Any, Any]", (models, responses, Subscription))
_TRAVERSER, _SERIALIZER = cast("Any", ast_nodes).DepthFirstTraverser, serialize.ResponseSerializer
_serialize = cast("Any", _SERIALIZER)._serialize

# Thousands of patterns for the requests that a library makes, which no test uses.
_MODELS.RESPONSES_METHODS.clear()
# Worked out anew for each request, each part of an expression and each subscription.
_RESPONSES.method_names_from_class = cache(_RESPONSES.method_names_from_class)
_TRAVERSER.nodes_to_be_processed = lru_cache(maxsize=1)(_TRAVERSER.nodes_to_be_processed)
_KEY = _SUBSCRIPTION.private_key.__wrapped__(None)
_SUBSCRIPTION.private_key = Mock(return_value=_KEY)


def _serialize_value(self: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
    """Take DynamoDB's values as they are, which moto keeps as the wire has them."""
    service = self.operation_model.service_model.service_name
    whole = (service, shape.name) == ("dynamodb", "AttributeValue")  # EC2 has one of that name
    (self._default_serialize if whole else _serialize.__get__(self))(serialized, value, shape, key)


cast("Any", _SERIALIZER)._serialize = _serialize_value
