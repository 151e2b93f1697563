package main

import (
	"flag"
	"os"
	"strings"
	"time"
)

// settings say what a service is; each flag has an environment variable, SHOP_ and its name.
type settings struct {
	name, version       string
	http, grpc, tcp     string
	control             string
	upstreams           []string
	latency             time.Duration
	failures            float64
	status              int
	quiet, finishWithin time.Duration
}

func readSettings(arguments []string) (settings, error) {
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	var s settings
	flags.StringVar(&s.name, "name", "shop", "name of the service")
	flags.StringVar(&s.version, "version", "v1", "version of the service")
	flags.StringVar(&s.http, "http", ":8080", "where HTTP/1.1 and cleartext HTTP/2 are answered")
	flags.StringVar(&s.grpc, "grpc", ":9090", "where gRPC is answered; empty for nowhere")
	flags.StringVar(&s.tcp, "tcp", ":9000", "where lines of text are answered; empty for nowhere")
	flags.StringVar(&s.control, "control", ":8081", "where probes, counts and faults are answered")
	upstreams := flags.String("upstreams", "", "URLs to call for each HTTP request, with commas")
	flags.DurationVar(&s.latency, "latency", 0, "how long an answer takes at least")
	flags.Float64Var(&s.failures, "failures", 0, "part of the answers that fail, 0 to 1")
	flags.IntVar(&s.status, "status", 503, "HTTP status of answers that fail")
	flags.DurationVar(&s.quiet, "quiet", 3*time.Second,
		"how long to go on after SIGTERM, until nobody sends new requests")
	flags.DurationVar(&s.finishWithin, "finish-within", 25*time.Second,
		"how long requests in flight may take after that")
	err := flags.Parse(append(fromEnvironment(flags), arguments...))
	if *upstreams != "" {
		s.upstreams = strings.Split(*upstreams, ",")
	}
	return s, err
}

// fromEnvironment gives the environment's settings as arguments, which later ones override.
func fromEnvironment(flags *flag.FlagSet) []string {
	var found []string
	flags.VisitAll(func(f *flag.Flag) {
		name := "SHOP_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		if value, set := os.LookupEnv(name); set {
			found = append(found, "--"+f.Name+"="+value)
		}
	})
	return found
}
