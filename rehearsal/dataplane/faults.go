package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"
)

// Faults are the API server's troubles that faults.json asks for. The file is looked at for every request, so that
// a fault is in force as soon as the command that switches it returns.
type Faults struct {
	file  string
	lock  sync.Mutex
	seen  os.FileInfo
	state map[string]map[string]any
}

// current is the state that the file asks for now; without a file, nothing.
func (f *Faults) current() map[string]map[string]any {
	f.lock.Lock()
	defer f.lock.Unlock()
	info, err := os.Stat(f.file)
	switch {
	case err != nil:
		f.seen, f.state = nil, nil
	case f.seen == nil || !os.SameFile(info, f.seen) || !info.ModTime().Equal(f.seen.ModTime()):
		var state map[string]map[string]any
		if content, err := os.ReadFile(f.file); err == nil && json.Unmarshal(content, &state) == nil {
			f.seen, f.state = info, state
		}
	}
	return f.state
}

// number is a parameter of a fault; it may be written as a number or as text.
func number(parameters map[string]any, name string, otherwise float64) float64 {
	value, err := strconv.ParseFloat(fmt.Sprint(parameters[name]), 64)
	if err != nil {
		return otherwise
	}
	return value
}

// Wrap lets requests meet the faults before they meet the API server.
func (f *Faults) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		state := f.current()
		if slow, on := state["api-slow"]; on && rand.Float64() < number(slow, "share", 1) {
			select {
			case <-time.After(time.Duration(number(slow, "delay", 2) * float64(time.Second))):
			case <-r.Context().Done():
				return
			}
		}
		if errors, on := state["api-errors"]; on && rand.Float64() < number(errors, "share", 0.3) {
			refuse(w, errors)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// refuse answers as an overloaded API server would; code "refuse" drops the connection.
func refuse(w http.ResponseWriter, parameters map[string]any) {
	if parameters["code"] == "refuse" {
		panic(http.ErrAbortHandler)
	}
	code := int(number(parameters, "code", http.StatusServiceUnavailable))
	reasons := map[int]string{429: "TooManyRequests", 500: "InternalError", 503: "ServiceUnavailable", 504: "Timeout"}
	messages := map[int]string{429: "Too many requests, please try again later."}
	message := messages[code]
	if message == "" {
		message = "the server is currently unable to handle the request"
	}
	status := map[string]any{
		"kind": "Status", "apiVersion": "v1", "metadata": map[string]any{}, "status": "Failure",
		"message": message, "reason": reasons[code], "code": code,
	}
	if code == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", "1")
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(status)
}
