package main

import (
	"errors"
	"fmt"
	"net/url"
	"reflect"

	sdkerrors "github.com/aliyun/alibaba-cloud-sdk-go/sdk/errors"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/responses"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/cas"
)

// newRequest has the generated constructor of each operation that we serve.
var newRequest = map[string]func() interface{}{
	"DeleteUserCertificate":    func() interface{} { return cas.CreateDeleteUserCertificateRequest() },
	"GetUserCertificateDetail": func() interface{} { return cas.CreateGetUserCertificateDetailRequest() },
	"ListUserCertificateOrder": func() interface{} { return cas.CreateListUserCertificateOrderRequest() },
	"UploadUserCertificate":    func() interface{} { return cas.CreateUploadUserCertificateRequest() },
}

func sdk1(endpoint *url.URL, keys credentials) caller {
	client, err := cas.NewClientWithAccessKey("cn-hangzhou", keys.AccessKeyID, keys.AccessKeySecret)
	if err != nil {
		return func(string, map[string]interface{}) answer {
			return answer{Class: className(err), Message: err.Error()}
		}
	}
	client.Domain = endpoint.Host
	return func(operation string, parameters map[string]interface{}) answer {
		create := newRequest[operation]
		if create == nil {
			return common(client, endpoint, operation, parameters)
		}
		request := create()
		if err := fill(request, whole(parameters)); err != nil {
			return answer{Class: "unsupported", Message: err.Error()}
		}
		results := reflect.ValueOf(client).MethodByName(operation).Call([]reflect.Value{reflect.ValueOf(request)})
		if err, ok := results[1].Interface().(error); ok {
			return ofSdk1(err)
		}
		response := results[0].Interface()
		status := response.(responses.AcsResponse).GetHttpStatus()
		id := results[0].Elem().FieldByName("RequestId").String()
		return answer{OK: true, Status: status, Body: response, RequestID: id}
	}
}

// fill sets the fields of a generated request by their wire names. requests.Integer and requests.Boolean are text.
func fill(request interface{}, parameters map[string]interface{}) error {
	fields := reflect.ValueOf(request).Elem()
	for name, value := range parameters {
		field := fields.FieldByNameFunc(func(each string) bool {
			described, _ := fields.Type().FieldByName(each)
			return described.Tag.Get("name") == name
		})
		if !field.IsValid() {
			return fmt.Errorf("%T has no %s", request, name)
		}
		field.SetString(fmt.Sprint(value))
	}
	return nil
}

// common is the client's documented way to an operation that it has no class for.
func common(client *cas.Client, endpoint *url.URL, operation string, parameters map[string]interface{}) answer {
	request := requests.NewCommonRequest()
	request.Method = requests.POST
	request.Scheme = endpoint.Scheme
	request.Domain = endpoint.Host
	request.Version = apiVersion
	request.ApiName = operation
	for name, value := range whole(parameters) {
		request.QueryParams[name] = fmt.Sprint(value)
	}
	response, err := client.ProcessCommonRequest(request)
	if err != nil {
		return ofSdk1(err)
	}
	return answer{OK: true, Status: response.GetHttpStatus(), Body: response.GetHttpContentString()}
}

func ofSdk1(err error) answer {
	var refusal *sdkerrors.ServerError
	if !errors.As(err, &refusal) {
		return answer{Class: className(err), Message: err.Error()}
	}
	return answer{
		Class:     className(err),
		Status:    refusal.HttpStatus(),
		Code:      refusal.ErrorCode(),
		Message:   refusal.Message(),
		RequestID: refusal.RequestId(),
		Data: map[string]interface{}{
			"HostId":             refusal.HostId(),
			"Recommend":          refusal.Recommend(),
			"AccessDeniedDetail": refusal.AccessDeniedDetail(),
		},
	}
}
