"""Calls a server through the vendor's Python client and prints what the client makes of the answer.

    client.py <Operation> [<fields as JSON>]     one call, one line of JSON on stdout
    client.py --lines                            a call per line of stdin, an answer per line of stdout, in order

A line of stdin is {"operation", "request", "headers", "credentials"}; all but the operation are optional.
"request" holds the request's fields by their wire names, the JSON body under "body". "headers" are added before signing.
"credentials" may override "accessKeyId", "accessKeySecret", "securityToken", "domainId" for this call.

Answers:
    {"ok": true, "status", "body", "model", "requestId"}
    {"ok": false, "status", "code", "message", "requestId", "class"}
"body" is the JSON as received (null when there was none, {"base64"} when it was no JSON), "model" what the client's own
classes read from it. A failure before any answer has status, code and requestId null.

Environment: CERTKEEP_TEST_ENDPOINT (with scheme, without a slash at the end), CERTKEEP_TEST_ACCESS_KEY_ID,
CERTKEEP_TEST_ACCESS_KEY_SECRET; optional CERTKEEP_TEST_DOMAIN_ID and CERTKEEP_TEST_CA_FILE (PEM, for TLS).
"""

import base64
import json
import os
import re
import sys

from huaweicloudsdkccm.v1 import CcmClient, model
from huaweicloudsdkcore.auth.credentials import GlobalCredentials
from huaweicloudsdkcore.exceptions.exceptions import SdkException, ServiceResponseException
from huaweicloudsdkcore.http.http_config import HttpConfig

_LIST = re.compile(r"^list\[(.+)\]$")


class Session:
    """One vendor client per set of credentials, kept for the life of the process, so that connections are reused."""

    def __init__(self, environment):
        self._endpoint = environment["CERTKEEP_TEST_ENDPOINT"]
        self._ca_file = environment.get("CERTKEEP_TEST_CA_FILE")
        self._defaults = {
            "accessKeyId": environment["CERTKEEP_TEST_ACCESS_KEY_ID"],
            "accessKeySecret": environment["CERTKEEP_TEST_ACCESS_KEY_SECRET"],
            "securityToken": None,
            "domainId": environment.get("CERTKEEP_TEST_DOMAIN_ID"),
        }
        self._clients = {}
        self._last_request_id = None

    def client(self, overrides):
        chosen = {**self._defaults, **(overrides or {})}
        key = tuple(sorted((name, value or "") for name, value in chosen.items()))
        if key not in self._clients:
            self._clients[key] = self._build(chosen)
        return self._clients[key]

    def _build(self, chosen):
        credentials = GlobalCredentials(chosen["accessKeyId"], chosen["accessKeySecret"], chosen["domainId"])
        if chosen["securityToken"]:
            credentials = credentials.with_security_token(chosen["securityToken"])
        config = HttpConfig.get_default_config()
        if self._ca_file:
            config.ssl_ca_cert = self._ca_file
        client = (
            CcmClient.new_builder()
            .with_http_config(config)
            .with_credentials(credentials)
            .with_endpoint(self._endpoint)
            .build()
        )
        self._remember_request_ids(client)
        return client

    def _remember_request_ids(self, client):
        """The client shows the request id of failures only; a look at the raw answer gives that of successes."""
        handle = client.sync_response_handler

        def remembering(response, *rest, **named):
            self._last_request_id = response.headers.get("X-Request-Id")
            return handle(response, *rest, **named)

        client.sync_response_handler = remembering

    def call(self, operation, fields=None, headers=None, credentials=None):
        self._last_request_id = None
        try:
            client = self.client(credentials)
            invoker = getattr(client, snake_case(operation) + "_invoker")(request_of(operation, fields or {}))
            for name, value in (headers or {}).items():
                invoker.add_header(name, value)
            response = invoker.invoke()
        except ServiceResponseException as error:
            return failure(error, error.status_code, error.error_code, error.error_msg, error.request_id)
        except SdkException as error:
            return failure(error, None, None, error.error_msg, None)
        except Exception as error:  # also what the client itself trips over must become an answer line
            return failure(error, None, None, str(error), None)
        return {
            "ok": True,
            "status": response.status_code,
            "body": raw_body(response.raw_content),
            "model": response.to_dict() if hasattr(response, "to_dict") else None,
            "requestId": self._last_request_id,
        }


def failure(error, status, code, message, request_id):
    return {
        "ok": False,
        "status": status,
        "code": code,
        "message": message,
        "requestId": request_id,
        "class": type(error).__name__,
    }


def snake_case(operation):
    return re.sub(r"(?<!^)([A-Z])", r"_\1", operation).lower()


def request_of(operation, fields):
    """An instance of the client's own request class, nested models included."""
    kind = getattr(model, operation + "Request")
    attributes = {wire_name: attribute for attribute, wire_name in kind.attribute_map.items()}
    unknown = set(fields) - set(attributes)
    if unknown:
        raise ValueError("%s has no field %s" % (kind.__name__, ", ".join(sorted(unknown))))
    return kind(
        **{attributes[name]: typed(kind.openapi_types[attributes[name]], value) for name, value in fields.items()}
    )


def typed(type_name, value):
    """Builds the client's model of a value; plain JSON where that model could not say it (unknown names, null)."""
    listed = _LIST.match(type_name)
    if listed and isinstance(value, list):
        return [typed(listed.group(1), item) for item in value]
    kind = getattr(model, type_name, None)
    if not isinstance(value, dict) or not hasattr(kind, "attribute_map"):
        return value
    attributes = {wire_name: attribute for attribute, wire_name in kind.attribute_map.items()}
    if not set(value) <= set(attributes) or None in value.values():
        return value
    return kind(
        **{attributes[name]: typed(kind.openapi_types[attributes[name]], item) for name, item in value.items()}
    )


def raw_body(content):
    if not content:
        return None
    try:
        return json.loads(content)
    except ValueError:
        return {"base64": base64.b64encode(content).decode("ascii")}


def write(answer):
    sys.stdout.write(json.dumps(answer, default=str) + "\n")
    sys.stdout.flush()


def main(arguments):
    session = Session(os.environ)
    if arguments == ["--lines"]:
        for line in sys.stdin:
            if line.strip():
                call = json.loads(line)
                write(session.call(call["operation"], call.get("request"), call.get("headers"), call.get("credentials")))
        return 0
    if len(arguments) not in (1, 2) or arguments[0].startswith("-"):
        sys.stderr.write(__doc__)
        return 2
    answer = session.call(arguments[0], json.loads(arguments[1]) if len(arguments) == 2 else {})
    write(answer)
    return 0 if answer["ok"] else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
