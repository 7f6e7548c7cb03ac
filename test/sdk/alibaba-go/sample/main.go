// DeleteUserCertificate by the vendor's published sample of a generic call with SDK 2 for Go (Alibaba Cloud SDK, "Generic
// calls", Go): config, client, params, queries, runtime, CallApi. The samples for an operation of one product come from
// the vendor's API portal on demand and are not published as pages; they differ in that CallApi is called by a generated
// method. Not a copy. Other than there: endpoint and protocol, the keys, the operation with its parameter, which is the
// first argument, and the exit status, which is 1 for a refusal.
package main

import (
	"fmt"
	"net/url"
	"os"

	openapi "github.com/alibabacloud-go/darabonba-openapi/v2/client"
	openapiutil "github.com/alibabacloud-go/darabonba-openapi/v2/utils"
	"github.com/alibabacloud-go/tea/dara"
	"github.com/alibabacloud-go/tea/tea"
)

func main() {
	endpoint, err := url.Parse(os.Getenv("CERTKEEP_TEST_ENDPOINT"))
	if err != nil {
		panic(err)
	}
	config := &openapi.Config{
		AccessKeyId:     tea.String(os.Getenv("CERTKEEP_TEST_ACCESS_KEY_ID")),
		AccessKeySecret: tea.String(os.Getenv("CERTKEEP_TEST_ACCESS_KEY_SECRET")),
	}
	config.Endpoint = tea.String(endpoint.Host)
	config.Protocol = tea.String(endpoint.Scheme)
	client, err := openapi.NewClient(config)
	if err != nil {
		panic(err)
	}

	params := &openapi.Params{
		Action:      tea.String("DeleteUserCertificate"),
		Version:     tea.String("2020-04-07"),
		Protocol:    tea.String("HTTPS"),
		Method:      tea.String("POST"),
		AuthType:    tea.String("AK"),
		Style:       tea.String("RPC"),
		Pathname:    tea.String("/"),
		ReqBodyType: tea.String("json"),
		BodyType:    tea.String("json"),
	}
	queries := map[string]interface{}{}
	queries["CertId"] = tea.String(os.Args[1])
	runtime := &dara.RuntimeOptions{}
	request := &openapi.OpenApiRequest{
		Query: openapiutil.Query(queries),
	}
	response, err := client.CallApi(params, request, runtime)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(response["body"])
}
