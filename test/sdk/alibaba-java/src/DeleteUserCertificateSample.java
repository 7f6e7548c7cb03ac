import com.aliyun.cas20200407.models.DeleteUserCertificateRequest;
import com.aliyun.cas20200407.models.DeleteUserCertificateResponse;
import com.aliyun.tea.TeaException;
import com.aliyun.teaopenapi.models.Config;
import com.aliyun.teautil.models.RuntimeOptions;
import java.net.URI;

/**
 * DeleteUserCertificate in the shape of the samples that the vendor's API portal generates for this client: createClient
 * and main, a TeaException's message and help URL printed. The portal makes its samples on demand; no published page with
 * the one for this operation was found, so this is not a copy. Other than there: endpoint and protocol, the keys, the
 * certificate's id, which is the first argument, and the exit status, which is 1 for a refusal.
 */
public class DeleteUserCertificateSample {
  public static com.aliyun.cas20200407.Client createClient() throws Exception {
    URI endpoint = URI.create(System.getenv("CERTKEEP_TEST_ENDPOINT"));
    Config config =
        new Config()
            .setAccessKeyId(System.getenv("CERTKEEP_TEST_ACCESS_KEY_ID"))
            .setAccessKeySecret(System.getenv("CERTKEEP_TEST_ACCESS_KEY_SECRET"));
    config.endpoint = endpoint.getAuthority();
    config.protocol = endpoint.getScheme();
    return new com.aliyun.cas20200407.Client(config);
  }

  public static void main(String[] args) throws Exception {
    com.aliyun.cas20200407.Client client = DeleteUserCertificateSample.createClient();
    DeleteUserCertificateRequest deleteUserCertificateRequest =
        new DeleteUserCertificateRequest().setCertId(Long.parseLong(args[0]));
    RuntimeOptions runtime = new RuntimeOptions();
    try {
      DeleteUserCertificateResponse resp =
          client.deleteUserCertificateWithOptions(deleteUserCertificateRequest, runtime);
      System.out.println(new com.google.gson.Gson().toJson(resp.toMap()));
    } catch (TeaException error) {
      System.out.println(error.getMessage());
      System.out.println(error.getData().get("Recommend"));
      System.exit(1);
    }
  }
}
