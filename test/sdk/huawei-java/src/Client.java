import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.huaweicloud.sdk.ccm.v1.CcmClient;
import com.huaweicloud.sdk.core.HttpListener;
import com.huaweicloud.sdk.core.SdkResponse;
import com.huaweicloud.sdk.core.auth.GlobalCredentials;
import com.huaweicloud.sdk.core.exception.ServiceResponseException;
import com.huaweicloud.sdk.core.http.HttpConfig;
import com.huaweicloud.sdk.core.utils.JsonUtils;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Calls a server through the vendor's Java client and prints what the client makes of the answers.
 *
 * <p>A call per line of stdin, an answer per line of stdout, in order. A line of stdin is {"operation", "request",
 * "credentials"}: "request" holds the request's fields by their wire names, the JSON body under "body", "credentials" may
 * override "accessKeyId" and "accessKeySecret" for this call. Answers: {"ok": true, "status", "body", "requestId"} or
 * {"ok": false, "class", "status", "code", "message", "requestId"}, "body" being what the client's own classes read from
 * the answer. Environment: CERTKEEP_TEST_ENDPOINT (with scheme), CERTKEEP_TEST_ACCESS_KEY_ID,
 * CERTKEEP_TEST_ACCESS_KEY_SECRET.
 */
public final class Client {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final CcmClient client;

  /** The client shows the request id of refusals only; a look at the raw answer gives that of the others. */
  private String lastRequestId;

  private Client(String accessKeyId, String accessKeySecret) {
    HttpListener remember =
        HttpListener.forResponseListener(
            answer ->
                answer.headers().forEach(
                    (name, values) -> {
                      if (name.equalsIgnoreCase("X-Request-Id")) lastRequestId = values.get(0);
                    }));
    client =
        CcmClient.newBuilder()
            .withHttpConfig(HttpConfig.getDefaultHttpConfig().addHttpListener(remember))
            .withCredential(new GlobalCredentials().withAk(accessKeyId).withSk(accessKeySecret))
            .withEndpoints(List.of(System.getenv("CERTKEEP_TEST_ENDPOINT")))
            .build();
  }

  public static void main(String[] args) throws Exception {
    ObjectNode own = JSON.createObjectNode();
    own.put("accessKeyId", System.getenv("CERTKEEP_TEST_ACCESS_KEY_ID"));
    own.put("accessKeySecret", System.getenv("CERTKEEP_TEST_ACCESS_KEY_SECRET"));
    Map<JsonNode, Client> clients = new HashMap<>();
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    PrintStream out = new PrintStream(System.out, true, "UTF-8");
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      JsonNode call = JSON.readTree(line);
      JsonNode keys = call.hasNonNull("credentials") ? call.get("credentials") : own;
      Client client =
          clients.computeIfAbsent(
              keys, each -> new Client(each.get("accessKeyId").asText(), each.get("accessKeySecret").asText()));
      String request = call.hasNonNull("request") ? call.get("request").toString() : "{}";
      out.println(client.answer(call.get("operation").asText(), request));
    }
    System.exit(0); // the client's threads outlive its last call
  }

  private ObjectNode answer(String operation, String request) {
    ObjectNode answer = JSON.createObjectNode();
    try {
      SdkResponse response = perform(operation, request);
      answer.put("ok", true);
      answer.put("status", response.getHttpStatusCode());
      answer.set("body", JSON.readTree(JsonUtils.toJSON(response)));
      answer.put("requestId", lastRequestId);
    } catch (ServiceResponseException error) {
      answer.put("ok", false);
      answer.put("class", error.getClass().getSimpleName());
      answer.put("status", error.getHttpStatusCode());
      answer.put("code", error.getErrorCode());
      answer.put("message", error.getErrorMsg());
      answer.put("requestId", error.getRequestId());
    } catch (Exception error) { // also what the client itself trips over must become an answer line
      answer.put("ok", false);
      answer.put("class", error.getClass().getSimpleName());
      answer.put("message", String.valueOf(error.getMessage()));
    }
    return answer;
  }

  /** Calls the client's own method with an instance of its own request class. */
  private SdkResponse perform(String operation, String request) throws Exception {
    String name = operation.substring(0, 1).toLowerCase() + operation.substring(1);
    for (Method method : CcmClient.class.getMethods()) {
      if (!method.getName().equals(name)) continue;
      try {
        return (SdkResponse) method.invoke(client, JsonUtils.toObject(request, method.getParameterTypes()[0]));
      } catch (InvocationTargetException error) {
        throw (Exception) error.getCause();
      }
    }
    throw new IllegalArgumentException("the client has no " + name);
  }
}
