package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	openapi "github.com/alibabacloud-go/darabonba-openapi/v2/client"
	openapiutil "github.com/alibabacloud-go/darabonba-openapi/v2/utils"
	"github.com/alibabacloud-go/tea/dara"
	"github.com/alibabacloud-go/tea/tea"
)

// generic calls by the vendor's documented generic call, with what the methods of the generated package cas-20200407
// hand to it. That package itself cannot be had from every module proxy.
func generic(endpoint *url.URL, keys credentials, algorithm string) caller {
	config := &openapi.Config{
		AccessKeyId:     tea.String(keys.AccessKeyID),
		AccessKeySecret: tea.String(keys.AccessKeySecret),
		Endpoint:        tea.String(endpoint.Host),
		Protocol:        tea.String(endpoint.Scheme),
	}
	if algorithm != "" {
		config.SignatureAlgorithm = tea.String(algorithm)
	}
	client, err := openapi.NewClient(config)
	if err != nil {
		return func(string, map[string]interface{}) answer { return ofGeneric(nil, err) }
	}
	return func(operation string, request map[string]interface{}) answer {
		params := &openapi.Params{
			Action:      tea.String(operation),
			Version:     tea.String(apiVersion),
			Protocol:    tea.String("HTTPS"),
			Pathname:    tea.String("/"),
			Method:      tea.String("POST"),
			AuthType:    tea.String("AK"),
			Style:       tea.String("RPC"),
			ReqBodyType: tea.String("formData"),
			BodyType:    tea.String("json"),
		}
		query := &openapi.OpenApiRequest{Query: openapiutil.Query(whole(request))}
		return ofGeneric(client.CallApi(params, query, &dara.RuntimeOptions{}))
	}
}

// whole gives JSON numbers back as whole numbers: the client would write 9e15 as a float.
func whole(request map[string]interface{}) map[string]interface{} {
	parameters := make(map[string]interface{}, len(request))
	for name, value := range request {
		if number, ok := value.(float64); ok {
			value = int64(number)
		}
		parameters[name] = value
	}
	return parameters
}

func ofGeneric(response map[string]interface{}, err error) answer {
	var refusal *tea.SDKError
	switch {
	case err == nil:
		body, _ := response["body"].(map[string]interface{})
		id, _ := body["RequestId"].(string)
		return answer{OK: true, Status: statusOf(response), Body: body, RequestID: id}
	case errors.As(err, &refusal):
		data := map[string]interface{}{}
		_ = json.Unmarshal([]byte(tea.StringValue(refusal.Data)), &data)
		id, _ := data["RequestId"].(string)
		return answer{
			Class:     className(err),
			Status:    tea.IntValue(refusal.StatusCode),
			Code:      tea.StringValue(refusal.Code),
			Message:   tea.StringValue(refusal.Message),
			RequestID: id,
			Data:      data,
		}
	default:
		var shown dara.ResponseError
		if !errors.As(err, &shown) {
			return answer{Class: className(err), Message: err.Error()}
		}
		id, _ := shown.GetData()["RequestId"].(string)
		return answer{
			Class:     className(err),
			Status:    tea.IntValue(shown.GetStatusCode()),
			Code:      tea.StringValue(shown.GetCode()),
			Message:   shown.Error(),
			RequestID: id,
			Data:      shown.GetData(),
		}
	}
}

// statusOf reads what is an int or a JSON number, by the kind of the answer's body.
func statusOf(response map[string]interface{}) int {
	status, _ := strconv.Atoi(fmt.Sprint(response["statusCode"]))
	return status
}

func className(err error) string {
	return strings.TrimPrefix(fmt.Sprintf("%T", err), "*")
}
