import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.security.GeneralSecurityException;
import java.security.cert.CertPathValidator;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.CollectionCertStoreParameters;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.Date;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Verifies certificates with the PKIX CertPathValidator. A question per line of stdin, an answer per line of stdout, in
 * order.
 *
 * <p>A question is five words between tabs: the instant in ms since 1970, and in base64 the PEM of the roots, of the
 * certificates between (the leaf's issuer first), of the CRLs (empty: revocation is not asked for) and of the certificate.
 * An answer is "accepted", or "refused" and why.
 */
public final class Verify {
  public static void main(String[] args) throws Exception {
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      try {
        verify(line.split("\t", -1));
        System.out.println("accepted");
      } catch (CertPathValidatorException error) {
        System.out.println("refused " + error.getReason() + ": " + error.getMessage().replace('\n', ' '));
      }
    }
  }

  private static void verify(String[] words) throws GeneralSecurityException {
    CertificateFactory x509 = CertificateFactory.getInstance("X.509");
    Set<TrustAnchor> anchors = new HashSet<>();
    for (Certificate root : certificates(x509, words[1])) anchors.add(new TrustAnchor((X509Certificate) root, null));
    List<Certificate> path = new ArrayList<>(certificates(x509, words[4]));
    path.addAll(certificates(x509, words[2]));

    PKIXParameters parameters = new PKIXParameters(anchors);
    parameters.setDate(new Date(Long.parseLong(words[0])));
    parameters.setRevocationEnabled(!words[3].isEmpty());
    CollectionCertStoreParameters crls = new CollectionCertStoreParameters(x509.generateCRLs(decode(words[3])));
    parameters.addCertStore(CertStore.getInstance("Collection", crls));
    CertPathValidator.getInstance("PKIX").validate(x509.generateCertPath(path), parameters);
  }

  private static Collection<? extends Certificate> certificates(CertificateFactory x509, String word)
      throws GeneralSecurityException {
    return x509.generateCertificates(decode(word));
  }

  private static InputStream decode(String word) {
    return new ByteArrayInputStream(Base64.getDecoder().decode(word));
  }
}
