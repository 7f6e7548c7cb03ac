# coding: utf-8
"""Deletes a private CA in the steps that the vendor documents for its client: credentials, client, request, call.

Only endpoint and keys are Certkeep's. Usage: sample_delete_certificate_authority.py <ca_id> [<pending_days>]
"""

import os
import sys

from huaweicloudsdkccm.v1 import CcmClient, DeleteCertificateAuthorityRequest
from huaweicloudsdkcore.auth.credentials import GlobalCredentials
from huaweicloudsdkcore.exceptions import exceptions

if __name__ == "__main__":
    ak = os.environ["CERTKEEP_TEST_ACCESS_KEY_ID"]
    sk = os.environ["CERTKEEP_TEST_ACCESS_KEY_SECRET"]
    endpoint = os.environ["CERTKEEP_TEST_ENDPOINT"]

    credentials = GlobalCredentials(ak, sk)

    client = CcmClient.new_builder() \
        .with_credentials(credentials) \
        .with_endpoint(endpoint) \
        .build()

    try:
        request = DeleteCertificateAuthorityRequest()
        request.ca_id = sys.argv[1]
        if len(sys.argv) > 2:
            request.pending_days = sys.argv[2]
        response = client.delete_certificate_authority(request)
        print(response.status_code)
        print(response)
    except exceptions.ClientRequestException as e:
        print(e.status_code)
        print(e.request_id)
        print(e.error_code)
        print(e.error_msg)
        sys.exit(1)
