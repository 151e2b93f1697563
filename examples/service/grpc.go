package main

import (
	"encoding/binary"
	"io"
	"net/http"
	"strconv"
)

const (
	healthMethod    = "/grpc.health.v1.Health/Check"
	grpcOK          = 0
	grpcUnavailable = 14
	longestMessage  = 4 << 20
)

// serving is a HealthCheckResponse whose status is SERVING, notServing one with NOT_SERVING.
var serving, notServing = []byte{0x08, 0x01}, []byte{0x08, 0x02}

// answerGRPC gives back each message of any method, and answers the standard health check.
func (s *service) answerGRPC(w http.ResponseWriter, r *http.Request) {
	fails := false
	if r.URL.Path != healthMethod {
		fails, _ = s.faults.next("grpc " + r.URL.Path)
	}
	s.identify(w.Header(), r)
	w.Header().Del("Connection") // HTTP/2 says it with GOAWAY
	w.Header().Set("Content-Type", "application/grpc")
	w.WriteHeader(http.StatusOK)
	status := grpcUnavailable
	if !fails {
		status = s.echo(w, r)
	}
	w.Header().Set(http.TrailerPrefix+"Grpc-Status", strconv.Itoa(status))
}

func (s *service) echo(w http.ResponseWriter, r *http.Request) int {
	for {
		message, err := readMessage(r.Body)
		if err == io.EOF {
			return grpcOK
		}
		if err != nil {
			return grpcUnavailable
		}
		if r.URL.Path == healthMethod {
			message = s.health()
		}
		if err := writeMessage(w, message); err != nil {
			return grpcUnavailable
		}
		w.(http.Flusher).Flush()
	}
}

func (s *service) health() []byte {
	if s.ending.Load() {
		return notServing
	}
	return serving
}

// readMessage reads a length-prefixed message: a byte that says "not compressed", four of length.
func readMessage(body io.Reader) ([]byte, error) {
	var head [5]byte
	if _, err := io.ReadFull(body, head[:]); err != nil {
		return nil, err
	}
	length := binary.BigEndian.Uint32(head[1:])
	if head[0] != 0 || length > longestMessage {
		return nil, io.ErrUnexpectedEOF
	}
	message := make([]byte, length)
	_, err := io.ReadFull(body, message)
	return message, err
}

func writeMessage(w io.Writer, message []byte) error {
	head := binary.BigEndian.AppendUint32([]byte{0}, uint32(len(message)))
	_, err := w.Write(append(head, message...))
	return err
}
