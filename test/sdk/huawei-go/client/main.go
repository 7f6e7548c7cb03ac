// Calls a server through the vendor's Go client and prints what the client makes of the answers.
//
// A call per line of stdin, an answer per line of stdout, in order. A line of stdin is {"operation", "request",
// "credentials"}; "request" holds the request's fields by their wire names, the JSON body under "body", "credentials" may
// override "accessKeyId" and "accessKeySecret" for this call. Answers:
//
//	{"ok": true, "status", "body", "requestId"}
//	{"ok": false, "class", "status", "code", "message", "requestId"}
//
// "body" is what the client's own types read from the answer. Environment: CERTKEEP_TEST_ENDPOINT (with scheme),
// CERTKEEP_TEST_ACCESS_KEY_ID, CERTKEEP_TEST_ACCESS_KEY_SECRET.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"reflect"
	"strings"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/auth/global"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/config"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/httphandler"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/sdkerr"
	ccm "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/ccm/v1"
)

type credentials struct {
	AccessKeyID     string `json:"accessKeyId"`
	AccessKeySecret string `json:"accessKeySecret"`
}

type call struct {
	Operation   string          `json:"operation"`
	Request     json.RawMessage `json:"request"`
	Credentials *credentials    `json:"credentials"`
}

type answer struct {
	OK        bool        `json:"ok"`
	Status    int         `json:"status"`
	Body      interface{} `json:"body,omitempty"`
	RequestID string      `json:"requestId"`
	Class     string      `json:"class,omitempty"`
	Code      string      `json:"code,omitempty"`
	Message   string      `json:"message,omitempty"`
}

// client is one vendor client and the request id of its latest answer, which it shows of refusals only.
type client struct {
	ccm           *ccm.CcmClient
	lastRequestID string
}

func main() {
	own := credentials{os.Getenv("CERTKEEP_TEST_ACCESS_KEY_ID"), os.Getenv("CERTKEEP_TEST_ACCESS_KEY_SECRET")}
	clients := map[credentials]*client{}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	out := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		next := call{Request: json.RawMessage("{}")}
		if err := json.Unmarshal(lines.Bytes(), &next); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		keys := own
		if next.Credentials != nil {
			keys = *next.Credentials
		}
		if clients[keys] == nil {
			clients[keys] = build(os.Getenv("CERTKEEP_TEST_ENDPOINT"), keys)
		}
		if err := out.Encode(clients[keys].perform(next)); err != nil {
			os.Exit(1)
		}
	}
}

func build(endpoint string, keys credentials) *client {
	built := &client{}
	auth, err := global.NewCredentialsBuilder().WithAk(keys.AccessKeyID).WithSk(keys.AccessKeySecret).SafeBuild()
	if err != nil {
		panic(err)
	}
	remember := httphandler.NewHttpHandler().AddResponseHandler(func(response http.Response) {
		built.lastRequestID = response.Header.Get("X-Request-Id")
	})
	hcClient, err := ccm.CcmClientBuilder().
		WithEndpoint(endpoint).
		WithCredential(auth).
		WithHttpConfig(config.DefaultHttpConfig().WithHttpHandler(remember)).
		SafeBuild()
	if err != nil {
		panic(err)
	}
	built.ccm = ccm.NewCcmClient(hcClient)
	return built
}

// perform calls the client's own method with an instance of its own request type.
func (c *client) perform(next call) answer {
	method := reflect.ValueOf(c.ccm).MethodByName(next.Operation)
	if !method.IsValid() {
		return answer{Class: "unsupported", Message: "the client has no " + next.Operation}
	}
	request := reflect.New(method.Type().In(0).Elem())
	if err := json.Unmarshal(next.Request, request.Interface()); err != nil {
		return answer{Class: "unsupported", Message: err.Error()}
	}
	results := method.Call([]reflect.Value{request})
	if err, ok := results[1].Interface().(error); ok {
		return refused(err)
	}
	status := int(results[0].Elem().FieldByName("HttpStatusCode").Int())
	return answer{OK: true, Status: status, Body: results[0].Interface(), RequestID: c.lastRequestID}
}

func refused(err error) answer {
	class := strings.TrimPrefix(fmt.Sprintf("%T", err), "*")
	var refusal *sdkerr.ServiceResponseError
	if !errors.As(err, &refusal) {
		return answer{Class: class, Message: err.Error()}
	}
	return answer{
		Class:     class,
		Status:    refusal.StatusCode,
		Code:      refusal.ErrorCode,
		Message:   refusal.ErrorMessage,
		RequestID: refusal.RequestId,
	}
}
