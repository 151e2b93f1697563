package main

import (
	"context"
	"errors"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"
)

// service is one running service.
type service struct {
	settings
	pod    string
	faults *faults
	client *http.Client
	ending atomic.Bool
}

func serve(arguments []string) error {
	chosen, err := readSettings(arguments)
	if err != nil {
		return err
	}
	pod, err := os.Hostname()
	if err != nil {
		return err
	}
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	s := &service{
		settings: chosen, pod: pod, faults: newFaults(chosen),
		client: &http.Client{Transport: transport, Timeout: 30 * time.Second},
	}
	return s.run()
}

// run serves until SIGTERM, then for the quiet period, then until nothing is in flight.
func (s *service) run() error {
	terminated, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	failed := make(chan error, 4)
	servers := []*http.Server{
		s.listen(s.http, http.HandlerFunc(s.answerHTTP), failed),
		s.listen(s.control, s.controls(), failed),
	}
	if s.grpc != "" {
		servers = append(servers, s.listen(s.grpc, http.HandlerFunc(s.answerGRPC), failed))
	}
	var lines *lineServer
	if s.tcp != "" {
		lines = s.listenTCP(s.tcp, failed)
	}
	select {
	case err := <-failed:
		return err
	case <-terminated.Done():
	}
	log.Printf("%s %s: asked to end, finishing requests", s.name, s.version)
	s.ending.Store(true)
	time.Sleep(s.quiet)
	return s.finish(servers, lines)
}

// finish takes no new connections and waits for the answers that are under way.
func (s *service) finish(servers []*http.Server, lines *lineServer) error {
	limit, stop := context.WithTimeout(context.Background(), s.finishWithin)
	defer stop()
	if lines != nil {
		lines.finish(limit)
	}
	var problems []error
	for _, server := range servers {
		problems = append(problems, server.Shutdown(limit))
	}
	return errors.Join(problems...)
}

// listen answers HTTP/1.1 and cleartext HTTP/2 at the address.
func (s *service) listen(address string, handler http.Handler, failed chan<- error) *http.Server {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	server := &http.Server{Addr: address, Handler: handler, Protocols: protocols}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		failed <- err
		return server
	}
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			failed <- err
		}
	}()
	return server
}

// controls are answered on a port of their own, so that they are never counted or made to fail.
func (s *service) controls() http.Handler {
	paths := http.NewServeMux()
	paths.HandleFunc("GET /healthz/live", func(http.ResponseWriter, *http.Request) {})
	paths.HandleFunc("GET /healthz/ready", func(w http.ResponseWriter, _ *http.Request) {
		if s.ending.Load() {
			http.Error(w, "ending", http.StatusServiceUnavailable)
		}
	})
	paths.HandleFunc("GET /counts", s.faults.show)
	paths.HandleFunc("POST /faults", s.faults.change)
	return paths
}
