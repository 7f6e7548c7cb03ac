# -*- coding: utf-8 -*-
"""DeleteUserCertificate in the shape of the samples that the vendor's API portal generates for this client: a class with
create_client and main, the answer or the error's message and help URL printed. The portal makes its samples on demand; no
published page with the one for this operation was found, so this is not a copy. Other than there: endpoint and protocol,
the keys, the certificate's id, which is the first argument, and the exit status, which is 1 for a refusal.
"""

import os
import sys
from typing import List
from urllib.parse import urlsplit

from alibabacloud_cas20200407 import models as cas_20200407_models
from alibabacloud_cas20200407.client import Client as cas20200407Client
from alibabacloud_tea_openapi import models as open_api_models
from alibabacloud_tea_util import models as util_models


class Sample:
    @staticmethod
    def create_client() -> cas20200407Client:
        endpoint = urlsplit(os.environ["CERTKEEP_TEST_ENDPOINT"])
        config = open_api_models.Config(
            access_key_id=os.environ["CERTKEEP_TEST_ACCESS_KEY_ID"],
            access_key_secret=os.environ["CERTKEEP_TEST_ACCESS_KEY_SECRET"],
        )
        config.endpoint = endpoint.netloc
        config.protocol = endpoint.scheme
        return cas20200407Client(config)

    @staticmethod
    def main(args: List[str]) -> int:
        client = Sample.create_client()
        delete_user_certificate_request = cas_20200407_models.DeleteUserCertificateRequest(cert_id=int(args[0]))
        runtime = util_models.RuntimeOptions()
        try:
            resp = client.delete_user_certificate_with_options(delete_user_certificate_request, runtime)
            print(resp.body.to_map())
            return 0
        except Exception as error:
            print(error.message)
            print(error.data.get("Recommend"))
            return 1


if __name__ == "__main__":
    sys.exit(Sample.main(sys.argv[1:]))
