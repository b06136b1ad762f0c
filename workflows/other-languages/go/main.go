// The worker of the agents in Go: `go run .`
package main

import (
	"fmt"
	"log"
	"os"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
)

func main() {
	connected, err := client.Dial(client.Options{
		HostPort:  setting("TEMPORAL_ADDRESS", "127.0.0.1:7233"),
		Namespace: setting("TEMPORAL_NAMESPACE", "default"),
	})
	if err != nil {
		log.Fatalln(err)
	}
	defer connected.Close()
	agents := worker.New(connected, "go-agents", worker.Options{})
	agents.RegisterWorkflow(Convert)
	agents.RegisterWorkflow(LeaveRequest)
	fmt.Println("ready")
	if err := agents.Run(worker.InterruptCh()); err != nil {
		log.Fatalln(err)
	}
}

func setting(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}
