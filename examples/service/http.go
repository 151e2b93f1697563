package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
)

// forwarded are the headers that connect the spans of one request, and those that choose a route.
//
// The proxies add a span each, but only the application knows which request made it send which:
// a service that does not pass these on begins a new trace with each of its own requests.
var forwarded = []string{
	"X-Request-Id", "Traceparent", "Tracestate", "B3", "X-B3-Traceid", "X-B3-Spanid",
	"X-B3-Parentspanid", "X-B3-Sampled", "X-B3-Flags", "X-Ot-Span-Context", "Baggage", "X-User",
}

// answer is what a service says about a request.
type answer struct {
	Service   string            `json:"service"`
	Version   string            `json:"version"`
	Pod       string            `json:"pod"`
	Method    string            `json:"method"`
	Path      string            `json:"path"`
	Host      string            `json:"host"`
	Headers   map[string]string `json:"headers"`
	Upstreams []json.RawMessage `json:"upstreams,omitempty"`
}

func (s *service) answerHTTP(w http.ResponseWriter, r *http.Request) {
	fails, status := s.faults.next("http")
	s.identify(w.Header(), r)
	if fails {
		http.Error(w, "failing as told", status)
		return
	}
	upstreams, err := s.callUpstreams(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(answer{
		Service: s.name, Version: s.version, Pod: s.pod, Method: r.Method, Path: r.URL.String(),
		Host: r.Host, Headers: firstValues(r.Header), Upstreams: upstreams,
	})
}

// identify says who answered, and which attempt of the caller's proxy this was.
func (s *service) identify(header http.Header, r *http.Request) {
	header.Set("X-Shop-Service", s.name)
	header.Set("X-Shop-Version", s.version)
	header.Set("X-Shop-Pod", s.pod)
	header.Set("X-Shop-Attempt", r.Header.Get("X-Envoy-Attempt-Count"))
	if s.ending.Load() {
		// Whoever keeps connections open shall open the next one elsewhere.
		header.Set("Connection", "close")
	}
}

// callUpstreams asks all upstreams at once and returns their answers, in the order of the settings.
func (s *service) callUpstreams(r *http.Request) ([]json.RawMessage, error) {
	answers := make([]json.RawMessage, len(s.upstreams))
	problems := make([]error, len(s.upstreams))
	var calls sync.WaitGroup
	for i, url := range s.upstreams {
		calls.Go(func() { answers[i], problems[i] = s.call(url, r) })
	}
	calls.Wait()
	for _, problem := range problems {
		if problem != nil {
			return nil, problem
		}
	}
	return answers, nil
}

func (s *service) call(url string, cause *http.Request) (json.RawMessage, error) {
	request, err := http.NewRequestWithContext(cause.Context(), http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	for _, name := range forwarded {
		if value := cause.Header.Get(name); value != "" {
			request.Header.Set(name, value)
		}
	}
	response, err := s.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: got status %d, expected 200", url, response.StatusCode)
	}
	return body, err
}

func firstValues(header http.Header) map[string]string {
	values := make(map[string]string, len(header))
	for name := range header {
		values[name] = header.Get(name)
	}
	return values
}
