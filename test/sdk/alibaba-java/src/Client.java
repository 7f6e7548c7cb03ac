import com.aliyun.tea.TeaException;
import com.aliyun.tea.TeaModel;
import com.aliyun.teaopenapi.models.Config;
import com.aliyun.teaopenapi.models.OpenApiRequest;
import com.aliyun.teaopenapi.models.Params;
import com.aliyun.teautil.models.RuntimeOptions;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.ToNumberPolicy;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Calls a server through the vendor's Java client and prints what the client makes of the answers.
 *
 * <p>Client acs3: the client's default signature. Client v1: with signature algorithm v2, which is signature v1.
 *
 * <p>A call per line of stdin, an answer per line of stdout, in order. A line of stdin is {"operation", "request",
 * "credentials"}: "request" holds the parameters by their wire names, "credentials" may override "accessKeyId" and
 * "accessKeySecret" for this call. Answers: {"ok": true, "status", "body", "requestId"} or {"ok": false, "class",
 * "status", "code", "message", "requestId", "data"}, "data" being the error document as far as the client shows it.
 * Environment: CERTKEEP_TEST_ENDPOINT (with scheme), CERTKEEP_TEST_ACCESS_KEY_ID, CERTKEEP_TEST_ACCESS_KEY_SECRET.
 */
public final class Client {
  private static final String VERSION = "2020-04-07";
  private static final Gson GSON =
      new GsonBuilder().setObjectToNumberStrategy(ToNumberPolicy.LONG_OR_DOUBLE).disableHtmlEscaping().create();

  public static void main(String[] args) throws Exception {
    Map<String, String> own = new HashMap<>();
    own.put("accessKeyId", System.getenv("CERTKEEP_TEST_ACCESS_KEY_ID"));
    own.put("accessKeySecret", System.getenv("CERTKEEP_TEST_ACCESS_KEY_SECRET"));
    String algorithm = args[0].equals("v1") ? "v2" : null;
    Map<Map<String, String>, com.aliyun.cas20200407.Client> clients = new HashMap<>();
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    PrintStream out = new PrintStream(System.out, true, "UTF-8");
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      Map<String, Object> call = asMap(GSON.fromJson(line, Map.class));
      Map<String, String> keys = call.get("credentials") == null ? own : strings(asMap(call.get("credentials")));
      if (!clients.containsKey(keys)) clients.put(keys, clientOf(keys, algorithm));
      String operation = (String) call.get("operation");
      Object request = call.get("request");
      out.println(GSON.toJson(answer(clients.get(keys), operation, request == null ? Map.of() : asMap(request))));
    }
  }

  private static com.aliyun.cas20200407.Client clientOf(Map<String, String> keys, String algorithm) throws Exception {
    URI endpoint = URI.create(System.getenv("CERTKEEP_TEST_ENDPOINT"));
    Config config =
        new Config()
            .setAccessKeyId(keys.get("accessKeyId"))
            .setAccessKeySecret(keys.get("accessKeySecret"))
            .setEndpoint(endpoint.getAuthority())
            .setProtocol(endpoint.getScheme());
    if (algorithm != null) config.setSignatureAlgorithm(algorithm);
    return new com.aliyun.cas20200407.Client(config);
  }

  private static Map<String, Object> answer(
      com.aliyun.cas20200407.Client client, String operation, Map<String, Object> parameters) {
    Map<String, Object> answer = new LinkedHashMap<>();
    try {
      Map<String, ?> response = perform(client, operation, parameters);
      Map<String, Object> body = asMap(response.get("body"));
      answer.put("ok", true);
      answer.put("status", response.get("statusCode"));
      answer.put("body", body);
      answer.put("requestId", body.get("RequestId"));
    } catch (Exception error) {
      answer.put("ok", false);
      answer.put("class", error.getClass().getSimpleName());
      answer.put("message", String.valueOf(error.getMessage()));
      if (error instanceof TeaException) {
        TeaException refusal = (TeaException) error;
        answer.put("status", refusal.getStatusCode());
        answer.put("code", refusal.getCode());
        answer.put("data", refusal.getData());
        if (refusal.getData() != null) answer.put("requestId", refusal.getData().get("RequestId"));
      }
    }
    return answer;
  }

  /** By the client's own method and classes; what it has no method for by its generic call. */
  private static Map<String, ?> perform(
      com.aliyun.cas20200407.Client client, String operation, Map<String, Object> parameters) throws Exception {
    RuntimeOptions runtime = new RuntimeOptions();
    String name = operation.substring(0, 1).toLowerCase() + operation.substring(1) + "WithOptions";
    for (Method method : client.getClass().getMethods()) {
      if (!method.getName().equals(name)) continue;
      TeaModel request = (TeaModel) method.getParameterTypes()[0].getDeclaredConstructor().newInstance();
      try {
        return ((TeaModel) method.invoke(client, TeaModel.toModel(parameters, request), runtime)).toMap();
      } catch (InvocationTargetException error) {
        throw (Exception) error.getCause();
      }
    }
    Params params =
        new Params()
            .setAction(operation)
            .setVersion(VERSION)
            .setProtocol("HTTPS")
            .setPathname("/")
            .setMethod("POST")
            .setAuthType("AK")
            .setStyle("RPC")
            .setReqBodyType("formData")
            .setBodyType("json");
    OpenApiRequest request = new OpenApiRequest().setQuery(com.aliyun.openapiutil.Client.query(parameters));
    return asMap(client.callApi(params, request, runtime));
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Object> asMap(Object value) {
    return (Map<String, Object>) value;
  }

  private static Map<String, String> strings(Map<String, Object> values) {
    Map<String, String> strings = new HashMap<>();
    for (String name : List.of("accessKeyId", "accessKeySecret")) strings.put(name, (String) values.get(name));
    return strings;
  }
}
