// Two requests by java.net.http, which keeps connections: `Client.java URL PAUSE METHOD`.
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;

class Client {
    public static void main(String[] words) throws Exception {
        HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
        String[] ways = {"GET", words[2]};
        for (int number = 0; number < 2; number++) {
            if (number > 0) Thread.sleep((long) (1000 * Double.parseDouble(words[1])));
            HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(words[0])).timeout(Duration.ofSeconds(8));
            if (ways[number].equals("POST")) {
                request.POST(HttpRequest.BodyPublishers.ofString("x".repeat(1_000_000)));
            }
            try {
                System.out.println("ok " + client.send(request.build(), BodyHandlers.ofString()).statusCode());
            } catch (java.io.IOException error) {
                System.out.println("error " + error);
            }
        }
    }
}
