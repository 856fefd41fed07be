// Command pause does nothing until it is told to end, and reaps the orphans it is given as process 1 of a PID namespace. It is the
// sandbox process of every pod and the first process of every local node.
package main

import (
	"os"
	"os/signal"
	"syscall"
)

func main() {
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGCHLD)
	for received := range signals {
		if received != syscall.SIGCHLD {
			return
		}
		for {
			reaped, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
			if err == syscall.EINTR {
				continue
			}
			if err != nil || reaped <= 0 {
				break
			}
		}
	}
}
