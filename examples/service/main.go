// Command shop is every service of the example application, and the load that it is put under.
//
//	shop serve   answers HTTP, gRPC and TCP, calls other services, and fails as it is told to
//	shop load    sends requests and prints what came back as JSON
//
// It needs the standard library only.
package main

import (
	"fmt"
	"os"
)

func main() {
	commands := map[string]func([]string) error{"serve": serve, "load": load}
	name, arguments := "serve", []string(nil)
	if len(os.Args) > 1 {
		name, arguments = os.Args[1], os.Args[2:]
	}
	command, known := commands[name]
	if !known {
		fmt.Fprintf(os.Stderr, "shop: got command %q, expected serve or load\n", name)
		os.Exit(2)
	}
	if err := command(arguments); err != nil {
		fmt.Fprintf(os.Stderr, "shop %s: %v\n", name, err)
		os.Exit(1)
	}
}
