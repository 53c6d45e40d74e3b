package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"sync/atomic"
	"time"
)

// Faults are the API server's troubles that faults.json asks for.
type Faults struct {
	file  string
	state atomic.Pointer[map[string]map[string]any]
}

func (f *Faults) follow(every time.Duration) {
	var seen time.Time
	for ; ; time.Sleep(every) {
		info, err := os.Stat(f.file)
		if err != nil {
			f.state.Store(nil)
			seen = time.Time{}
			continue
		}
		if info.ModTime().Equal(seen) {
			continue
		}
		if content, err := os.ReadFile(f.file); err == nil && f.set(content) == nil {
			seen = info.ModTime()
		}
	}
}

func (f *Faults) set(content []byte) error {
	var state map[string]map[string]any
	if err := json.Unmarshal(content, &state); err != nil {
		return err
	}
	f.state.Store(&state)
	return nil
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
		state := f.state.Load()
		if state == nil {
			next.ServeHTTP(w, r)
			return
		}
		if slow, on := (*state)["api-slow"]; on && rand.Float64() < number(slow, "share", 1) {
			select {
			case <-time.After(time.Duration(number(slow, "delay", 2) * float64(time.Second))):
			case <-r.Context().Done():
				return
			}
		}
		if errors, on := (*state)["api-errors"]; on && rand.Float64() < number(errors, "share", 0.3) {
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
