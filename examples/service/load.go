package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"
)

// plan is how many requests go where, and how fast.
type plan struct {
	url         string
	count       int
	duration    time.Duration
	rate        float64
	connections int
	timeout     time.Duration
	headers     []string
	vary        string
	values      int
}

// job is one request: when it is due, and the value of the header that varies.
type job struct {
	due   time.Time
	value string
}

func load(arguments []string) error {
	p, err := readPlan(arguments)
	if err != nil {
		return err
	}
	interrupted, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	found := newFindings()
	jobs := make(chan job)
	var workers sync.WaitGroup
	for range p.connections {
		request, err := newRequester(p)
		if err != nil {
			return err
		}
		workers.Go(func() { work(request, jobs, found) })
	}
	p.hand(interrupted, jobs)
	workers.Wait()
	return json.NewEncoder(os.Stdout).Encode(found.summary())
}

func readPlan(arguments []string) (plan, error) {
	flags := flag.NewFlagSet("load", flag.ContinueOnError)
	var p plan
	flags.IntVar(&p.count, "count", 0, "requests to send; 0 for as many as the duration holds")
	flags.DurationVar(&p.duration, "duration", 0, "how long to send; 0 until the count is reached")
	flags.Float64Var(&p.rate, "rate", 0, "requests a second; 0 for as fast as answers come")
	flags.IntVar(&p.connections, "connections", 1, "requests at once, each on a connection")
	flags.DurationVar(&p.timeout, "timeout", 15*time.Second, "how long to wait for an answer")
	flags.StringVar(&p.vary, "vary", "", "HEADER=N: give the header N values in turn")
	flags.Func("header", "NAME:VALUE to send, may be repeated", func(text string) error {
		p.headers = append(p.headers, text)
		return nil
	})
	if err := flags.Parse(arguments); err != nil {
		return p, err
	}
	if flags.NArg() != 1 {
		return p, errors.New("got no URL, expected one: http://, grpc:// or tcp://")
	}
	if p.count == 0 && p.duration == 0 {
		p.count = 1
	}
	p.url = flags.Arg(0)
	return p, p.readVarying()
}

func (p *plan) readVarying() error {
	if p.vary == "" {
		return nil
	}
	name, number, _ := strings.Cut(p.vary, "=")
	p.vary = name
	if _, err := fmt.Sscanf(number, "%d", &p.values); err != nil || p.values < 1 {
		return fmt.Errorf("vary: got %q, expected HEADER=N", number)
	}
	return nil
}

// hand gives out jobs until the count or the duration is reached, then closes the channel.
func (p *plan) hand(ctx context.Context, jobs chan<- job) {
	defer close(jobs)
	started := time.Now()
	for n := 0; p.count == 0 || n < p.count; n++ {
		due := time.Now()
		if p.rate > 0 {
			due = started.Add(time.Duration(float64(n) / p.rate * float64(time.Second)))
		}
		if p.duration > 0 && due.Sub(started) >= p.duration {
			return
		}
		next := job{due: due}
		if p.values > 0 {
			next.value = fmt.Sprintf("value-%d", n%p.values)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Until(due)):
		}
		select {
		case <-ctx.Done():
			return
		case jobs <- next:
		}
	}
}

// work sends requests one after the other and notes what came back.
func work(send requester, jobs <-chan job, found *findings) {
	for next := range jobs {
		started := time.Now()
		reply, err := send(next.value)
		found.add(next.value, reply, err, time.Since(started))
	}
}
