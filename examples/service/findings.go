package main

import (
	"slices"
	"sync"
	"time"
)

// findings are what all requests of a load brought.
type findings struct {
	lock     sync.Mutex
	started  time.Time
	seconds  []float64
	statuses map[string]int
	versions map[string]int
	pods     map[string]int
	attempts map[string]int
	problems map[string]int
	values   map[string]map[string]int
	first    map[string]float64
	overload int
	last     string
}

// summary is the findings as they are printed. Quantiles are of all requests, in milliseconds;
// firstAnswers tell when each version answered first, in seconds of Unix.
type summary struct {
	Requests   int                       `json:"requests"`
	Seconds    float64                   `json:"seconds"`
	Statuses   map[string]int            `json:"statuses"`
	Versions   map[string]int            `json:"versions"`
	Pods       map[string]int            `json:"pods"`
	Attempts   map[string]int            `json:"attempts"`
	Errors     map[string]int            `json:"errors"`
	Values     map[string]map[string]int `json:"values"`
	First      map[string]float64        `json:"firstAnswers"`
	Overloaded int                       `json:"overloaded"`
	Quantiles  map[string]float64        `json:"milliseconds"`
	Last       string                    `json:"last"`
}

func newFindings() *findings {
	return &findings{
		started: time.Now(), statuses: map[string]int{}, versions: map[string]int{},
		pods: map[string]int{}, attempts: map[string]int{}, problems: map[string]int{},
		values: map[string]map[string]int{}, first: map[string]float64{},
	}
}

func (f *findings) add(value string, r reply, err error, took time.Duration) {
	f.lock.Lock()
	defer f.lock.Unlock()
	f.seconds = append(f.seconds, took.Seconds())
	if err != nil {
		f.problems[err.Error()]++
		return
	}
	f.statuses[r.status]++
	f.last = r.body
	if _, seen := f.first[r.version]; !seen && r.version != "" {
		f.first[r.version] = float64(time.Now().UnixMicro()) / 1e6
	}
	if r.overloaded {
		f.overload++
	}
	for counts, key := range map[*map[string]int]string{
		&f.versions: r.version, &f.pods: r.pod, &f.attempts: r.attempt,
	} {
		if key != "" {
			(*counts)[key]++
		}
	}
	if value != "" {
		if f.values[value] == nil {
			f.values[value] = map[string]int{}
		}
		f.values[value][r.pod]++
	}
}

func (f *findings) summary() summary {
	f.lock.Lock()
	defer f.lock.Unlock()
	slices.Sort(f.seconds)
	return summary{
		Requests: len(f.seconds), Seconds: time.Since(f.started).Seconds(), Statuses: f.statuses,
		Versions: f.versions, Pods: f.pods, Attempts: f.attempts, Errors: f.problems,
		Values: f.values, First: f.first, Overloaded: f.overload, Last: f.last,
		Quantiles: map[string]float64{
			"p50": f.quantile(0.5), "p90": f.quantile(0.9), "p99": f.quantile(0.99),
		},
	}
}

func (f *findings) quantile(part float64) float64 {
	if len(f.seconds) == 0 {
		return 0
	}
	place := min(int(part*float64(len(f.seconds))), len(f.seconds)-1)
	return f.seconds[place] * 1000
}
