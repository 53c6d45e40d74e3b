package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const helloTimeout = 10 * time.Second

// Router serves Routes by host, path and termination, as OpenShift's does.
type Router struct {
	mutex sync.Mutex // one Apply at a time
	table atomic.Pointer[table]
}

type table struct {
	certificate *tls.Certificate
	serviceCA   string
	hosts       map[string][]*target // longest path first
	byName      map[string]*target
}

// NewRouter knows no Route yet.
func NewRouter() *Router {
	router := &Router{}
	router.table.Store(&table{hosts: map[string][]*target{}, byName: map[string]*target{}})
	return router
}

// Apply replaces the table; a Route that did not change keeps its connections.
func (r *Router) Apply(config Config) error {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	old := r.table.Load()
	fresh := &table{serviceCA: config.ServiceCA, hosts: map[string][]*target{}, byName: map[string]*target{}}
	certificate, err := tls.X509KeyPair([]byte(config.Certificate.Certificate), []byte(config.Certificate.Key))
	if err != nil {
		return fmt.Errorf("router certificate: %w", err)
	}
	fresh.certificate = &certificate
	for _, route := range config.Routes {
		fresh.add(route, old)
	}
	r.table.Store(fresh)
	for name, gone := range old.byName {
		if fresh.byName[name] != gone {
			gone.close()
		}
	}
	return nil
}

func (t *table) add(route Route, old *table) {
	one := old.byName[route.Name]
	if one == nil || old.serviceCA != t.serviceCA || !reflect.DeepEqual(one.route, route) {
		one = newTarget(route, t.serviceCA)
	}
	t.byName[route.Name] = one
	host := strings.ToLower(route.Host)
	list := t.hosts[host]
	at := 0
	for at < len(list) && len(list[at].route.Path) >= len(route.Path) {
		at++
	}
	t.hosts[host] = append(list[:at:at], append([]*target{one}, list[at:]...)...)
}

// find is the Route for a host and a path, the longest path first.
func (t *table) find(host, path string) *target {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	for _, one := range t.hosts[strings.ToLower(host)] {
		if underPath(path, one.route.Path) {
			return one
		}
	}
	return nil
}

// passthrough is the Route that takes a host's TLS connections as they are.
func (t *table) passthrough(host string) *target {
	for _, one := range t.hosts[strings.ToLower(host)] {
		if one.route.Termination == "passthrough" {
			return one
		}
	}
	return nil
}

// own is the target of a host that has a certificate of its own.
func (t *table) own(host string) *target {
	for _, one := range t.hosts[strings.ToLower(host)] {
		if one.certificate != nil {
			return one
		}
	}
	return nil
}

func underPath(path, prefix string) bool {
	prefix = strings.TrimSuffix(prefix, "/")
	return prefix == "" || path == prefix || strings.HasPrefix(path, prefix+"/")
}

// ServePlain serves port 80 until it fails.
func (r *Router) ServePlain(address string) error {
	listener, err := net.Listen("tcp4", address)
	if err != nil {
		return err
	}
	return server(r.plain).Serve(listener)
}

// ServeTLS serves port 443 until it fails.
func (r *Router) ServeTLS(address string) error {
	listener, err := net.Listen("tcp4", address)
	if err != nil {
		return err
	}
	terminated := &queue{conns: make(chan net.Conn), address: listener.Addr()}
	go func() {
		web := server(r.secure)
		web.TLSConfig = &tls.Config{GetConfigForClient: r.tlsConfig, NextProtos: []string{"http/1.1"}}
		log.Print(web.ServeTLS(terminated, "", ""))
	}()
	for {
		conn, err := listener.Accept()
		if err != nil {
			return err
		}
		go r.dispatch(conn, terminated)
	}
}

func server(handler http.HandlerFunc) *http.Server {
	return &http.Server{Handler: handler, ReadHeaderTimeout: 30 * time.Second, ErrorLog: quiet()}
}

// dispatch passes a connection through by its server name, or ends its TLS here.
func (r *Router) dispatch(conn net.Conn, terminated *queue) {
	name, replay, err := serverName(conn)
	if err != nil {
		conn.Close()
		return
	}
	if one := r.table.Load().passthrough(name); one != nil {
		one.passthrough(replay)
		return
	}
	terminated.conns <- replay
}

// tlsConfig picks the certificate; HTTP/2 is offered beside a certificate of the Route's own only, since clients
// reuse HTTP/2 connections for other hosts of a wildcard certificate.
func (r *Router) tlsConfig(hello *tls.ClientHelloInfo) (*tls.Config, error) {
	table := r.table.Load()
	if one := table.own(hello.ServerName); one != nil {
		return &tls.Config{Certificates: []tls.Certificate{*one.certificate}, NextProtos: []string{"h2", "http/1.1"}}, nil
	}
	if table.certificate == nil {
		return nil, errors.New("no certificate yet")
	}
	return &tls.Config{Certificates: []tls.Certificate{*table.certificate}, NextProtos: []string{"http/1.1"}}, nil
}

func (r *Router) plain(w http.ResponseWriter, request *http.Request) {
	one := r.table.Load().find(request.Host, request.URL.Path)
	switch {
	case one == nil:
		unavailable(w, request, fmt.Sprintf("no Route for host %s and path %s", request.Host, request.URL.Path))
	case one.route.Termination == "" || one.route.Insecure == "Allow" && one.route.Termination != "passthrough":
		one.ServeHTTP(w, request)
	case one.route.Insecure == "Redirect":
		host, _, err := net.SplitHostPort(request.Host)
		if err != nil {
			host = request.Host
		}
		http.Redirect(w, request, "https://"+host+request.URL.RequestURI(), http.StatusFound)
	default:
		unavailable(w, request, fmt.Sprintf("Route %s serves https only", one.route.Name))
	}
}

func (r *Router) secure(w http.ResponseWriter, request *http.Request) {
	one := r.table.Load().find(request.Host, request.URL.Path)
	switch {
	case one == nil:
		unavailable(w, request, fmt.Sprintf("no Route for host %s and path %s", request.Host, request.URL.Path))
	case one.route.Termination == "edge" || one.route.Termination == "reencrypt":
		one.ServeHTTP(w, request)
	default:
		unavailable(w, request, fmt.Sprintf("Route %s serves no https", one.route.Name))
	}
}

// serverName reads the TLS hello and returns a connection that begins with it again.
func serverName(conn net.Conn) (string, net.Conn, error) {
	var seen bytes.Buffer
	name := ""
	heard := errors.New("heard")
	_ = conn.SetReadDeadline(time.Now().Add(helloTimeout))
	probe := &prefixed{readOnly{conn}, io.TeeReader(conn, &seen)}
	err := tls.Server(probe, &tls.Config{GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		name = hello.ServerName
		return nil, heard
	}}).Handshake()
	_ = conn.SetReadDeadline(time.Time{})
	if !errors.Is(err, heard) {
		return "", nil, err
	}
	return name, &prefixed{conn, io.MultiReader(&seen, conn)}, nil
}

// readOnly swallows the alert that an abandoned handshake would send.
type readOnly struct{ net.Conn }

func (readOnly) Write(b []byte) (int, error) { return len(b), nil }

// queue is a listener that is fed with connections.
type queue struct {
	conns   chan net.Conn
	address net.Addr
}

func (q *queue) Accept() (net.Conn, error) { return <-q.conns, nil }
func (q *queue) Close() error              { return nil }
func (q *queue) Addr() net.Addr            { return q.address }

func pool(pem string) *x509.CertPool {
	certificates := x509.NewCertPool()
	certificates.AppendCertsFromPEM([]byte(pem))
	return certificates
}
