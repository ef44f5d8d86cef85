// Two requests by net/http, which keeps connections: `client URL PAUSE METHOD`.
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

func main() {
	pause, _ := strconv.ParseFloat(os.Args[2], 64)
	client := http.Client{Timeout: 8 * time.Second}
	for number, way := range []string{"GET", os.Args[3]} {
		if number > 0 {
			time.Sleep(time.Duration(pause * float64(time.Second)))
		}
		var body io.Reader
		if way == "POST" {
			body = strings.NewReader(strings.Repeat("x", 1000000))
		}
		request, _ := http.NewRequest(way, os.Args[1], body)
		answer, err := client.Do(request)
		if err != nil {
			fmt.Println("error", err)
			continue
		}
		io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
		fmt.Println("ok", answer.StatusCode)
	}
}
