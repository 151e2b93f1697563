// Command yaml reads length-prefixed YAML documents and answers with what kubectl's parser makes of them.
//
// Request: a decimal byte count, a newline, that many bytes. Answer: one line, "ok <JSON>" or
// "error <message>" with the message as a JSON string. Ends at the end of its input.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"sigs.k8s.io/yaml"
)

func main() {
	in := bufio.NewReader(os.Stdin)
	out := bufio.NewWriter(os.Stdout)
	for {
		line, err := in.ReadString('\n')
		if err == io.EOF {
			return
		}
		if err != nil {
			fail(err)
		}
		size, err := strconv.Atoi(strings.TrimSpace(line))
		if err != nil {
			fail(err)
		}
		document := make([]byte, size)
		if _, err := io.ReadFull(in, document); err != nil {
			fail(err)
		}
		fmt.Fprintln(out, answer(document))
		if err := out.Flush(); err != nil {
			fail(err)
		}
	}
}

func answer(document []byte) string {
	text, err := yaml.YAMLToJSON(document)
	if err != nil {
		message, _ := json.Marshal(err.Error())
		return "error " + string(message)
	}
	return "ok " + string(text)
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
