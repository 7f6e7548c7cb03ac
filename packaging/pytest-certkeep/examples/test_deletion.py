"""A CA that is deleted, to its end thirty days later, by Huawei's own client: `pip install pytest-certkeep huaweicloudsdkccm pytest`."""

import pytest
from huaweicloudsdkccm.v1 import (
    CcmClient,
    CreateCertificateAuthorityRequest,
    CreateCertificateAuthorityRequestBody,
    DeleteCertificateAuthorityRequest,
    DisableCertificateAuthorityRequest,
    DistinguishedName,
    ShowCertificateAuthorityRequest,
    Validity,
)
from huaweicloudsdkcore.auth.credentials import GlobalCredentials
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException, ServerResponseException


@pytest.fixture
def ccm(certkeep):
    credentials = GlobalCredentials(certkeep.access_key_id, certkeep.access_key_secret, certkeep.account.domain_id)
    return CcmClient.new_builder().with_credentials(credentials).with_endpoint(certkeep.url).build()


@pytest.fixture
def ca_id(ccm):
    subject = DistinguishedName("Doomed", "CN", "Sichuan", "Chengdu", "Example", "Tests")
    body = CreateCertificateAuthorityRequestBody(
        type="ROOT",
        distinguished_name=subject,
        key_algorithm="EC256",
        signature_algorithm="SHA256",
        validity=Validity(type="YEAR", value=10),
    )
    made = ccm.create_certificate_authority(CreateCertificateAuthorityRequest(body=body))
    ccm.disable_certificate_authority(DisableCertificateAuthorityRequest(ca_id=made.ca_id))
    return made.ca_id


def test_a_deleted_ca_is_gone_after_thirty_days(certkeep, ccm, ca_id):
    ccm.delete_certificate_authority(DeleteCertificateAuthorityRequest(ca_id=ca_id, pending_days="30"))

    certkeep.advance("29d")
    assert ccm.show_certificate_authority(ShowCertificateAuthorityRequest(ca_id=ca_id)).status == "DELETED"

    certkeep.advance("1d1h")
    with pytest.raises(ClientRequestException) as refusal:
        ccm.show_certificate_authority(ShowCertificateAuthorityRequest(ca_id=ca_id))
    assert refusal.value.status_code == 404


def test_a_deletion_that_fails_did_nothing(certkeep, ccm, ca_id):
    certkeep.fault(operation="DeleteCertificateAuthority", status=500, code="PCA.00010002", message="try later")
    with pytest.raises(ServerResponseException):
        ccm.delete_certificate_authority(DeleteCertificateAuthorityRequest(ca_id=ca_id, pending_days="30"))
    assert ccm.show_certificate_authority(ShowCertificateAuthorityRequest(ca_id=ca_id)).status == "DISABLED"
