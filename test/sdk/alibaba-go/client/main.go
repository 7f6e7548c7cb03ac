// Calls a server through the vendor's Go clients and prints what they make of the answers.
//
//	client acs3    the core of SDK 2 (darabonba-openapi), its default signature
//	client v1      the same with SignatureAlgorithm v2, which is signature v1
//	client sdk1    SDK 1 (alibaba-cloud-sdk-go), services/cas, signature v1
//
// A call per line of stdin, an answer per line of stdout, in order. A line of stdin is {"operation", "request",
// "credentials"}; "request" holds the parameters by their wire names, "credentials" may override "accessKeyId" and
// "accessKeySecret" for this call. Answers:
//
//	{"ok": true, "status", "body", "requestId"}
//	{"ok": false, "class", "status", "code", "message", "requestId", "data"}
//
// "data" is the error document as far as the client shows it. Environment: CERTKEEP_TEST_ENDPOINT (with scheme),
// CERTKEEP_TEST_ACCESS_KEY_ID, CERTKEEP_TEST_ACCESS_KEY_SECRET.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
)

const apiVersion = "2020-04-07"

type credentials struct {
	AccessKeyID     string `json:"accessKeyId"`
	AccessKeySecret string `json:"accessKeySecret"`
}

type call struct {
	Operation   string                 `json:"operation"`
	Request     map[string]interface{} `json:"request"`
	Credentials *credentials           `json:"credentials"`
}

type answer struct {
	OK        bool        `json:"ok"`
	Status    int         `json:"status"`
	Body      interface{} `json:"body,omitempty"`
	RequestID string      `json:"requestId"`
	Class     string      `json:"class,omitempty"`
	Code      string      `json:"code,omitempty"`
	Message   string      `json:"message,omitempty"`
	Data      interface{} `json:"data,omitempty"`
}

// caller performs a call with the vendor's client that belongs to these keys.
type caller func(operation string, request map[string]interface{}) answer

func main() {
	endpoint, err := url.Parse(os.Getenv("CERTKEEP_TEST_ENDPOINT"))
	flavours := map[string]func(credentials) caller{
		"acs3": func(keys credentials) caller { return generic(endpoint, keys, "") },
		"v1":   func(keys credentials) caller { return generic(endpoint, keys, "v2") },
		"sdk1": func(keys credentials) caller { return sdk1(endpoint, keys) },
	}
	if err != nil || len(os.Args) != 2 || flavours[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: client acs3|v1|sdk1, with CERTKEEP_TEST_ENDPOINT")
		os.Exit(2)
	}
	build := flavours[os.Args[1]]
	own := credentials{os.Getenv("CERTKEEP_TEST_ACCESS_KEY_ID"), os.Getenv("CERTKEEP_TEST_ACCESS_KEY_SECRET")}
	clients := map[credentials]caller{}

	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	out := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var next call
		if err := json.Unmarshal(lines.Bytes(), &next); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		keys := own
		if next.Credentials != nil {
			keys = *next.Credentials
		}
		if clients[keys] == nil {
			clients[keys] = build(keys)
		}
		if err := out.Encode(clients[keys](next.Operation, next.Request)); err != nil {
			os.Exit(1)
		}
	}
}
