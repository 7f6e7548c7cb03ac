// Verifies certificates with crypto/x509. A question per line of stdin, an answer per line of stdout, in order.
//
// A question is five words between tabs: the instant in ms since 1970, and in base64 the PEM of the roots, of the
// certificates between, of the CRLs (empty: revocation is not asked for) and of the certificate. An answer is "accepted",
// or "refused" and why.
package main

import (
	"bufio"
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<22)
	for lines.Scan() {
		if err := verify(strings.Split(lines.Text(), "\t")); err != nil {
			fmt.Println("refused", strings.ReplaceAll(err.Error(), "\n", " "))
		} else {
			fmt.Println("accepted")
		}
	}
}

func verify(words []string) error {
	milliseconds, err := strconv.ParseInt(words[0], 10, 64)
	if err != nil {
		return err
	}
	at := time.UnixMilli(milliseconds)
	roots, intermediates := x509.NewCertPool(), x509.NewCertPool()
	roots.AppendCertsFromPEM(decode(words[1]))
	intermediates.AppendCertsFromPEM(decode(words[2]))
	block, _ := pem.Decode(decode(words[4]))
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return err
	}
	chains, err := certificate.Verify(x509.VerifyOptions{
		Roots:         roots,
		Intermediates: intermediates,
		CurrentTime:   at,
		KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
	if err != nil || words[3] == "" {
		return err
	}
	crls, err := parseCrls(decode(words[3]))
	if err != nil {
		return err
	}
	for _, chain := range chains {
		if err = notRevoked(chain, crls, at); err == nil {
			return nil
		}
	}
	return err
}

func parseCrls(rest []byte) ([]*x509.RevocationList, error) {
	var crls []*x509.RevocationList
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return crls, nil
		}
		crl, err := x509.ParseRevocationList(block.Bytes)
		if err != nil {
			return nil, err
		}
		crls = append(crls, crl)
	}
}

// notRevoked wants, for every certificate but the root, a CRL that its issuer signed, that is current, and that does not
// have it. crypto/x509 leaves this to its callers.
func notRevoked(chain []*x509.Certificate, crls []*x509.RevocationList, at time.Time) error {
	for i, certificate := range chain[:len(chain)-1] {
		crl := crlOf(chain[i+1], crls, at)
		if crl == nil {
			return fmt.Errorf("no current CRL of %s", chain[i+1].Subject)
		}
		for _, entry := range crl.RevokedCertificates {
			if entry.SerialNumber.Cmp(certificate.SerialNumber) == 0 {
				return fmt.Errorf("%s is revoked", certificate.Subject)
			}
		}
	}
	return nil
}

func crlOf(issuer *x509.Certificate, crls []*x509.RevocationList, at time.Time) *x509.RevocationList {
	for _, crl := range crls {
		if !bytes.Equal(crl.RawIssuer, issuer.RawSubject) || at.Before(crl.ThisUpdate) || at.After(crl.NextUpdate) {
			continue
		}
		if crl.CheckSignatureFrom(issuer) == nil {
			return crl
		}
	}
	return nil
}

func decode(word string) []byte {
	decoded, _ := base64.StdEncoding.DecodeString(word)
	return decoded
}
