// A process for each request, as OpenFaaS's of-watchdog runs one in its
// streaming mode: body to standard input, standard output to the caller.
// Standard library only.
//
//	fork_peer PORT PROGRAM [WORD...]
package main

import (
	"log"
	"net/http"
	"os"
	"os/exec"
	"strings"
)

func main() {
	handle := func(answer http.ResponseWriter, request *http.Request) {
		child := exec.CommandContext(request.Context(), os.Args[2],
			os.Args[3:]...)
		child.Env = append(os.Environ(), "Http_Method="+request.Method,
			"Http_Path="+request.URL.Path)
		for name, values := range request.Header {
			child.Env = append(child.Env, "Http_"+
				strings.ReplaceAll(name, "-", "_")+"="+values[0])
		}
		child.Stdin = request.Body
		child.Stdout = answer
		child.Stderr = os.Stderr
		answer.Header().Set("Content-Type", "text/plain")
		if err := child.Run(); err != nil {
			log.Print(err)
		}
	}
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[1],
		http.HandlerFunc(handle)))
}
