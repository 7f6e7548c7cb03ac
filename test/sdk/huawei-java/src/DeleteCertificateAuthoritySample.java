import com.huaweicloud.sdk.ccm.v1.CcmClient;
import com.huaweicloud.sdk.ccm.v1.model.DeleteCertificateAuthorityRequest;
import com.huaweicloud.sdk.ccm.v1.model.DeleteCertificateAuthorityResponse;
import com.huaweicloud.sdk.core.auth.GlobalCredentials;
import com.huaweicloud.sdk.core.auth.ICredential;
import com.huaweicloud.sdk.core.exception.ConnectionException;
import com.huaweicloud.sdk.core.exception.RequestTimeoutException;
import com.huaweicloud.sdk.core.exception.ServiceResponseException;
import java.util.List;

/**
 * Deletes a private CA in the steps of the vendor's published sample for this client (the "Code Example" of its README):
 * credentials, client, request, call, the three exceptions. Samples for a single operation come from the vendor's API
 * Explorer on demand; no published page with the one for DeleteCertificateAuthority was found, so this is not a copy.
 * Other than there: endpoint instead of region, the keys, the operation with its parameters, which are the arguments
 * ca_id and pending_days, and the exit status, which is 1 for a refusal.
 */
public class DeleteCertificateAuthoritySample {
  public static void main(String[] args) {
    String ak = System.getenv("CERTKEEP_TEST_ACCESS_KEY_ID");
    String sk = System.getenv("CERTKEEP_TEST_ACCESS_KEY_SECRET");

    ICredential auth = new GlobalCredentials().withAk(ak).withSk(sk);

    CcmClient client =
        CcmClient.newBuilder()
            .withCredential(auth)
            .withEndpoints(List.of(System.getenv("CERTKEEP_TEST_ENDPOINT")))
            .build();

    DeleteCertificateAuthorityRequest request = new DeleteCertificateAuthorityRequest();
    request.withCaId(args[0]);
    request.withPendingDays(args[1]);
    try {
      DeleteCertificateAuthorityResponse response = client.deleteCertificateAuthority(request);
      System.out.println(response.getHttpStatusCode());
      System.out.println(response.toString());
    } catch (ConnectionException | RequestTimeoutException e) {
      System.out.println(e.getMessage());
      System.exit(1);
    } catch (ServiceResponseException e) {
      System.out.println(e.getHttpStatusCode());
      System.out.println(e.getRequestId());
      System.out.println(e.getErrorCode());
      System.out.println(e.getErrorMsg());
      System.exit(1);
    }
    System.exit(0); // the client's threads outlive its last call
  }
}
