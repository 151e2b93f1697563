package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"sync"
)

// lineServer answers each line of text with the service's name, version and pod, and the line.
type lineServer struct {
	listener    net.Listener
	connections sync.WaitGroup
}

func (s *service) listenTCP(address string, failed chan<- error) *lineServer {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		failed <- err
		return nil
	}
	server := &lineServer{listener: listener}
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return // closed by finish
			}
			server.connections.Go(func() { s.answerLines(connection) })
		}
	}()
	return server
}

func (s *service) answerLines(connection net.Conn) {
	defer connection.Close()
	lines := bufio.NewScanner(connection)
	for lines.Scan() {
		s.faults.next("tcp")
		_, err := fmt.Fprintf(connection, "%s %s %s %s\n", s.name, s.version, s.pod, lines.Text())
		if err != nil || s.ending.Load() {
			return
		}
	}
}

// finish takes no new connections and waits for the others to end, within the limit.
func (l *lineServer) finish(limit context.Context) {
	l.listener.Close()
	ended := make(chan struct{})
	go func() { l.connections.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-limit.Done():
	}
}
