package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// faults are what a service does wrong, and how much it did; they can be changed while it runs.
type faults struct {
	lock     sync.Mutex
	latency  time.Duration
	failures float64
	status   int
	counts   map[string]int
}

func newFaults(s settings) *faults {
	return &faults{
		latency: s.latency, failures: s.failures, status: s.status, counts: map[string]int{},
	}
}

// next waits as long as an answer shall take, counts it, and tells whether it shall fail.
func (f *faults) next(kind string) (fails bool, status int) {
	f.lock.Lock()
	latency, status := f.latency, f.status
	fails = rand.Float64() < f.failures
	f.counts[kind]++
	if fails {
		f.counts[kind+" failed"]++
	}
	f.lock.Unlock()
	time.Sleep(latency)
	return fails, status
}

// change takes new values from the query: /faults?failures=0.3&latency=50ms&status=500.
func (f *faults) change(w http.ResponseWriter, r *http.Request) {
	f.lock.Lock()
	defer f.lock.Unlock()
	query := r.URL.Query()
	var err error
	if value := query.Get("latency"); value != "" && err == nil {
		f.latency, err = time.ParseDuration(value)
	}
	if value := query.Get("failures"); value != "" && err == nil {
		f.failures, err = strconv.ParseFloat(value, 64)
	}
	if value := query.Get("status"); value != "" && err == nil {
		f.status, err = strconv.Atoi(value)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	fmt.Fprintf(w, "latency=%s failures=%g status=%d\n", f.latency, f.failures, f.status)
}

// show prints how many requests of each kind came, and how many of them were made to fail.
func (f *faults) show(w http.ResponseWriter, _ *http.Request) {
	f.lock.Lock()
	defer f.lock.Unlock()
	json.NewEncoder(w).Encode(f.counts)
}
