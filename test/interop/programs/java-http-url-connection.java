// A token request of a native app: java java-http-url-connection.java <token endpoint> <code> <code_verifier>
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;

class Program {
  public static void main(String[] args) throws Exception {
    Map<String, String> form = new LinkedHashMap<>();
    form.put("grant_type", "authorization_code");
    form.put("client_id", "app-1");
    form.put("code", args[1]);
    form.put("redirect_uri", "com.example.app:/callback");
    form.put("code_verifier", args[2]);
    String body =
        form.entrySet().stream()
            .map(e -> e.getKey() + "=" + URLEncoder.encode(e.getValue(), StandardCharsets.UTF_8))
            .collect(Collectors.joining("&"));

    HttpURLConnection connection = (HttpURLConnection) URI.create(args[0]).toURL().openConnection();
    connection.setDoOutput(true);
    connection.getOutputStream().write(body.getBytes(StandardCharsets.UTF_8));
    System.out.println(new String(connection.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
  }
}
