"""Error answers as the SDK raises them."""

import io
from collections.abc import Mapping

import requests
from ibm_cloud_sdk_core import ApiException


def answered(
    status: int, body: bytes = b"", headers: Mapping[str, str] | None = None
) -> ApiException:
    """Return what the SDK raises for an answer."""
    response = requests.Response()
    response.status_code = status
    response.raw = io.BytesIO(body)
    response.headers.update(headers or {})
    return ApiException(status, http_response=response)
