package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// reply is what one request brought: a status (of HTTP, or of gRPC in a trailer), and by whom.
type reply struct {
	status, version, pod, attempt string
	overloaded                    bool
	body                          string
}

// requester sends one request, with a value for the header that varies, over its own connection.
type requester func(value string) (reply, error)

func newRequester(p plan) (requester, error) {
	target, err := url.Parse(p.url)
	if err != nil {
		return nil, err
	}
	switch target.Scheme {
	case "http":
		client := p.client(func(protocols *http.Protocols) { protocols.SetHTTP1(true) })
		return func(value string) (reply, error) { return p.sendHTTP(client, value) }, nil
	case "grpc":
		client := p.client(func(protocols *http.Protocols) { protocols.SetUnencryptedHTTP2(true) })
		target.Scheme = "http"
		return func(value string) (reply, error) { return p.sendGRPC(client, target.String(), value) }, nil
	case "tcp":
		return func(string) (reply, error) { return p.sendLine(target.Host) }, nil
	}
	return nil, fmt.Errorf("got scheme %q, expected http, grpc or tcp", target.Scheme)
}

func (p *plan) client(choose func(*http.Protocols)) *http.Client {
	protocols := new(http.Protocols)
	choose(protocols)
	return &http.Client{Transport: &http.Transport{Protocols: protocols}, Timeout: p.timeout}
}

func (p *plan) sendHTTP(client *http.Client, value string) (reply, error) {
	request, err := http.NewRequest(http.MethodGet, p.url, nil)
	if err != nil {
		return reply{}, err
	}
	response, body, err := p.exchange(client, request, value)
	if err != nil {
		return reply{}, err
	}
	return described(response, fmt.Sprint(response.StatusCode), string(body)), nil
}

func (p *plan) sendGRPC(client *http.Client, target, value string) (reply, error) {
	var message bytes.Buffer
	if err := writeMessage(&message, []byte("order")); err != nil {
		return reply{}, err
	}
	request, err := http.NewRequest(http.MethodPost, target, &message)
	if err != nil {
		return reply{}, err
	}
	request.Header.Set("Content-Type", "application/grpc")
	request.Header.Set("Te", "trailers")
	response, body, err := p.exchange(client, request, value)
	if err != nil {
		return reply{}, err
	}
	status := response.Trailer.Get("Grpc-Status")
	if status == "" {
		status = response.Header.Get("Grpc-Status") // an answer without messages
	}
	return described(response, "grpc "+status, string(body)), nil
}

func (p *plan) exchange(
	client *http.Client, request *http.Request, value string,
) (*http.Response, []byte, error) {
	for _, header := range p.headers {
		name, text, _ := strings.Cut(header, ":")
		request.Header.Set(name, strings.TrimSpace(text))
	}
	if host := request.Header.Get("Host"); host != "" {
		request.Host = host
	}
	if value != "" {
		request.Header.Set(p.vary, value)
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return response, body, err
}

func described(response *http.Response, status, body string) reply {
	return reply{
		status: status, version: response.Header.Get("X-Shop-Version"),
		pod: response.Header.Get("X-Shop-Pod"), attempt: response.Header.Get("X-Shop-Attempt"),
		overloaded: response.Header.Get("X-Envoy-Overloaded") != "", body: body,
	}
}

// sendLine opens a connection for each line, so that each is balanced anew.
func (p *plan) sendLine(address string) (reply, error) {
	connection, err := net.DialTimeout("tcp", address, p.timeout)
	if err != nil {
		return reply{}, err
	}
	defer connection.Close()
	if _, err := fmt.Fprintln(connection, "order"); err != nil {
		return reply{}, err
	}
	line, err := bufio.NewReader(connection).ReadString('\n')
	if err != nil {
		return reply{}, err
	}
	words := strings.Fields(line)
	if len(words) != 4 {
		return reply{}, fmt.Errorf("got %q, expected service, version, pod and line", line)
	}
	return reply{status: "tcp", version: words[1], pod: words[2], body: line}, nil
}
