// Deletes a private CA in the steps of the vendor's published sample for this client (the "Code Example" of its README):
// credentials, client, request, call. Samples for a single operation come from the vendor's API Explorer on demand; no
// published page with the one for DeleteCertificateAuthority was found, so this is not a copy. Other than there: endpoint
// instead of region, the keys, the operation with its parameters, which are the arguments <ca_id> [<pending_days>], and
// the exit status, which is 1 for a refusal.
package main

import (
	"fmt"
	"os"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/auth/global"
	ccm "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/ccm/v1"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/ccm/v1/model"
)

func main() {
	auth, err := global.NewCredentialsBuilder().
		WithAk(os.Getenv("CERTKEEP_TEST_ACCESS_KEY_ID")).
		WithSk(os.Getenv("CERTKEEP_TEST_ACCESS_KEY_SECRET")).
		SafeBuild()
	if err != nil {
		fmt.Println(err)
		return
	}

	hcClient, err := ccm.CcmClientBuilder().
		WithEndpoint(os.Getenv("CERTKEEP_TEST_ENDPOINT")).
		WithCredential(auth).
		SafeBuild()
	if err != nil {
		fmt.Println(err)
		return
	}
	client := ccm.NewCcmClient(hcClient)

	request := &model.DeleteCertificateAuthorityRequest{}
	request.CaId = os.Args[1]
	if len(os.Args) > 2 {
		request.PendingDays = os.Args[2]
	}
	response, err := client.DeleteCertificateAuthority(request)
	if err == nil {
		fmt.Printf("%+v\n", response)
	} else {
		fmt.Println(err)
		os.Exit(1)
	}
}
