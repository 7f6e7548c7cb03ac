"""Calls a server through the vendor's Python client and prints what the client makes of the answers.

    client.py acs3    the client's default signature
    client.py v1      with signature_algorithm v2, which is signature v1

A call per line of stdin, an answer per line of stdout, in order. A line of stdin is {"operation", "request",
"credentials"}: "request" holds the parameters by their wire names, "credentials" may override "accessKeyId" and
"accessKeySecret" for this call. Answers:

    {"ok": true, "status", "body", "requestId"}
    {"ok": false, "class", "status", "code", "message", "requestId", "data"}

"data" is the error document as far as the client shows it. Environment: CERTKEEP_TEST_ENDPOINT (with scheme),
CERTKEEP_TEST_ACCESS_KEY_ID, CERTKEEP_TEST_ACCESS_KEY_SECRET.
"""

import json
import os
import re
import sys
from urllib.parse import urlsplit

from alibabacloud_cas20200407 import models
from alibabacloud_cas20200407.client import Client
from alibabacloud_tea_openapi import utils_models as open_api_models
from alibabacloud_tea_openapi.exceptions import AlibabaCloudException
from alibabacloud_tea_openapi.utils import Utils
from darabonba.runtime import RuntimeOptions

VERSION = "2020-04-07"


def client_of(endpoint, keys, algorithm):
    parts = urlsplit(endpoint)
    config = open_api_models.Config(
        access_key_id=keys["accessKeyId"],
        access_key_secret=keys["accessKeySecret"],
        endpoint=parts.netloc,
        protocol=parts.scheme,
    )
    if algorithm:
        config.signature_algorithm = algorithm
    return Client(config)


def perform(client, operation, parameters):
    """By the client's own method and classes; what it has no method for by its generic call."""
    runtime = RuntimeOptions()
    method = getattr(client, re.sub(r"(?<!^)([A-Z])", r"_\1", operation).lower() + "_with_options", None)
    if method is not None:
        request = getattr(models, operation + "Request")().from_map(parameters)
        response = method(request, runtime)
        return response.status_code, response.body.to_map()
    params = open_api_models.Params(
        action=operation,
        version=VERSION,
        protocol="HTTPS",
        pathname="/",
        method="POST",
        auth_type="AK",
        style="RPC",
        req_body_type="formData",
        body_type="json",
    )
    answer = client.call_api(params, open_api_models.OpenApiRequest(query=Utils.query(parameters)), runtime)
    return answer["statusCode"], answer["body"]


def answer_to(client, call):
    try:
        status, body = perform(client, call["operation"], call.get("request") or {})
    except AlibabaCloudException as error:
        return {
            "ok": False,
            "class": type(error).__name__,
            "status": error.status_code,
            "code": error.code,
            "message": error.message,
            "requestId": error.request_id,
            "data": error.data,
        }
    except Exception as error:  # also what the client itself trips over must become an answer line
        return {"ok": False, "class": type(error).__name__, "message": str(error)}
    return {"ok": True, "status": status, "body": body, "requestId": body.get("RequestId")}


def main(arguments):
    algorithms = {"acs3": None, "v1": "v2"}
    if len(arguments) != 1 or arguments[0] not in algorithms:
        sys.stderr.write(__doc__)
        return 2
    own = {
        "accessKeyId": os.environ["CERTKEEP_TEST_ACCESS_KEY_ID"],
        "accessKeySecret": os.environ["CERTKEEP_TEST_ACCESS_KEY_SECRET"],
    }
    clients = {}
    for line in sys.stdin:
        call = json.loads(line)
        keys = call.get("credentials") or own
        name = (keys["accessKeyId"], keys["accessKeySecret"])
        if name not in clients:
            clients[name] = client_of(os.environ["CERTKEEP_TEST_ENDPOINT"], keys, algorithms[arguments[0]])
        print(json.dumps(answer_to(clients[name], call)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
