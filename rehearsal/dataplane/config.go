package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync/atomic"
)

// Config is the whole desired state, as the platform sends it.
type Config struct {
	AppsDomain  string          `json:"apps_domain"`
	WellKnown   json.RawMessage `json:"well_known"` // OAuth metadata; null where there is no integrated login
	Overlays    []string        `json:"overlays"`   // API paths that the platform answers in the API server's place
	Certificate Pair            `json:"certificate"`
	ServiceCA   string          `json:"service_ca"`
	Services    []Service       `json:"services"`
	Routes      []Route         `json:"routes"`
}

// Pair is a certificate with its key, both PEM.
type Pair struct {
	Certificate string `json:"certificate"`
	Key         string `json:"key"`
}

// Service is one port of a cluster IP.
type Service struct {
	Name      string   `json:"name"`    // namespace/name:port, for messages
	Address   string   `json:"address"` // ip:port to listen on
	Endpoints []string `json:"endpoints"`
}

// Route is an admitted Route with the addresses behind it.
type Route struct {
	Name          string    `json:"name"` // namespace/name
	Host          string    `json:"host"`
	Path          string    `json:"path"`
	Termination   string    `json:"termination"` // "", edge, reencrypt or passthrough
	Insecure      string    `json:"insecure"`    // "", None, Allow or Redirect
	Certificate   Pair      `json:"certificate"` // the Route's own, else empty
	DestinationCA string    `json:"destination_ca"`
	Timeout       float64   `json:"timeout"` // seconds until an answer has to begin
	HSTS          string    `json:"hsts"`
	Rewrite       string    `json:"rewrite"`
	Backends      []Backend `json:"backends"`
}

// Backend is one of the Services of a Route.
type Backend struct {
	Service    string   `json:"service"` // namespace/name
	ServerName string   `json:"server_name"`
	Weight     int      `json:"weight"`
	H2C        bool     `json:"h2c"`
	Endpoints  []string `json:"endpoints"`
}

// Plane is everything that a Config changes.
type Plane struct {
	Front    *Front
	Services *Services
	Router   *Router
	domain   atomic.Pointer[string]
}

// AppsDomain is the domain of all Routes; empty until the first Config.
func (p *Plane) AppsDomain() string {
	if domain := p.domain.Load(); domain != nil {
		return *domain
	}
	return ""
}

// Apply makes the state as wanted and returns what could not be done.
func (p *Plane) Apply(config Config) []string {
	p.domain.Store(&config.AppsDomain)
	p.Front.SetWellKnown(config.WellKnown)
	p.Front.SetOverlays(config.Overlays)
	problems := p.Services.Apply(config.Services)
	if err := p.Router.Apply(config); err != nil {
		problems = append(problems, err.Error())
	}
	return problems
}

// Control is the interface of the platform: PUT /config, and GET /hold, which ends with this process only.
func (p *Plane) Control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /config", func(w http.ResponseWriter, r *http.Request) {
		var config Config
		if err := json.NewDecoder(r.Body).Decode(&config); err != nil {
			http.Error(w, fmt.Sprintf("config: %v", err), http.StatusBadRequest)
			return
		}
		problems := p.Apply(config)
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string][]string{"problems": problems})
	})
	mux.HandleFunc("GET /hold", func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	return mux
}
