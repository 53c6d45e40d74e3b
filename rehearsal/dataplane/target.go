package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"html"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httputil"
	"strings"
	"sync/atomic"
	"time"
)

const defaultTimeout = 30 * time.Second

// target is a Route that is being served.
type target struct {
	route       Route
	certificate *tls.Certificate
	backends    []*backend
}

type backend struct {
	Backend
	next      atomic.Uint64
	transport *http.Transport
}

func newTarget(route Route, serviceCA string) *target {
	one := &target{route: route}
	if route.Certificate.Key != "" {
		certificate, err := tls.X509KeyPair([]byte(route.Certificate.Certificate), []byte(route.Certificate.Key))
		if err != nil {
			log.Printf("route %s: its certificate is not usable, the router's own is served: %v", route.Name, err)
		} else {
			one.certificate = &certificate
		}
	}
	for _, each := range route.Backends {
		one.backends = append(one.backends, newBackend(each, route, serviceCA))
	}
	return one
}

func newBackend(configured Backend, route Route, serviceCA string) *backend {
	timeout := defaultTimeout
	if route.Timeout > 0 {
		timeout = time.Duration(route.Timeout * float64(time.Second))
	}
	one := &backend{Backend: configured}
	one.transport = &http.Transport{
		DialContext: func(ctx context.Context, _, address string) (net.Conn, error) {
			return dialAny(ctx, firstOf(one.Endpoints, address))
		},
		MaxIdleConnsPerHost:   16,
		IdleConnTimeout:       30 * time.Second,
		ResponseHeaderTimeout: timeout,
		DisableCompression:    true,
	}
	if route.Termination == "reencrypt" {
		one.transport.TLSClientConfig = reencryption(configured.ServerName, route.DestinationCA, serviceCA)
		one.transport.ForceAttemptHTTP2 = true
	}
	if configured.H2C {
		one.transport.Protocols = new(http.Protocols)
		one.transport.Protocols.SetUnencryptedHTTP2(true)
	}
	return one
}

// firstOf is the endpoints with the chosen one first: the others stand in for it when it refuses.
func firstOf(endpoints []string, chosen string) []string {
	list := []string{chosen}
	for _, endpoint := range endpoints {
		if endpoint != chosen {
			list = append(list, endpoint)
		}
	}
	return list
}

// reencryption trusts the Route's own CA for any name, or the service CA for the Service's name.
func reencryption(name, destinationCA, serviceCA string) *tls.Config {
	if destinationCA == "" {
		return &tls.Config{RootCAs: pool(serviceCA), ServerName: name}
	}
	roots := pool(destinationCA)
	return &tls.Config{
		ServerName:         name,
		InsecureSkipVerify: true, // replaced by the check below, which leaves out the name
		VerifyConnection: func(state tls.ConnectionState) error {
			between := x509.NewCertPool()
			for _, certificate := range state.PeerCertificates[1:] {
				between.AddCert(certificate)
			}
			_, err := state.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: between})
			return err
		},
	}
}

// choose picks a backend by weight among those with endpoints; nil if there is none.
func (t *target) choose() *backend {
	total := 0
	for _, each := range t.backends {
		if len(each.Endpoints) > 0 {
			total += each.Weight
		}
	}
	if total == 0 {
		return nil
	}
	at := rand.IntN(total)
	for _, each := range t.backends {
		if len(each.Endpoints) == 0 {
			continue
		}
		if at -= each.Weight; at < 0 {
			return each
		}
	}
	return nil
}

func (t *target) close() {
	for _, each := range t.backends {
		each.transport.CloseIdleConnections()
	}
}

func (t *target) empty() string {
	services := make([]string, len(t.backends))
	for i, each := range t.backends {
		services[i] = each.Service
	}
	return fmt.Sprintf("Route %s: Service %s has no ready endpoints", t.route.Name, strings.Join(services, ", "))
}

// passthrough joins the connection with an endpoint, TLS untouched.
func (t *target) passthrough(conn net.Conn) {
	one := t.choose()
	if one == nil {
		conn.Close()
		return
	}
	upstream, err := dialAny(context.Background(), rotated(one.Endpoints, int(one.next.Add(1))))
	if err != nil {
		log.Printf("route %s: %v", t.route.Name, err)
		conn.Close()
		return
	}
	join(conn, upstream)
}

func (t *target) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	one := t.choose()
	if one == nil {
		unavailable(w, r, t.empty())
		return
	}
	if t.route.HSTS != "" && r.TLS != nil {
		w.Header().Set("Strict-Transport-Security", t.route.HSTS)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite:       func(request *httputil.ProxyRequest) { t.rewrite(request, one) },
		Transport:     one.transport,
		FlushInterval: -1,
		ErrorLog:      quiet(),
		ErrorHandler:  t.failed,
	}
	proxy.ServeHTTP(w, r)
}

func (t *target) rewrite(request *httputil.ProxyRequest, one *backend) {
	out := request.Out
	out.URL.Scheme = "http"
	if t.route.Termination == "reencrypt" {
		out.URL.Scheme = "https"
	}
	out.URL.Host = rotated(one.Endpoints, int(one.next.Add(1)))[0]
	out.Host = request.In.Host
	out.URL.RawQuery = request.In.URL.RawQuery // as it came: cleaning a query is the application's work
	if t.route.Rewrite != "" {
		rest := strings.TrimPrefix(out.URL.Path, strings.TrimSuffix(t.route.Path, "/"))
		out.URL.Path = strings.TrimSuffix(t.route.Rewrite, "/") + "/" + strings.TrimPrefix(rest, "/")
		out.URL.RawPath = ""
	}
	out.Header["X-Forwarded-For"] = request.In.Header["X-Forwarded-For"] // appended to, as OpenShift's router does
	request.SetXForwarded()
	port := "80"
	if request.In.TLS != nil {
		port = "443"
	}
	out.Header.Set("X-Forwarded-Port", port)
	client, _, _ := net.SplitHostPort(request.In.RemoteAddr)
	proto := out.Header.Get("X-Forwarded-Proto")
	out.Header.Add("Forwarded", fmt.Sprintf("for=%s;host=%s;proto=%s", client, request.In.Host, proto))
}

func (t *target) failed(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, context.Canceled) {
		return // the client has gone
	}
	log.Printf("route %s: %v", t.route.Name, err)
	var timeout net.Error
	var dial *net.OpError
	switch {
	case errors.As(err, &dial) && dial.Op == "dial":
		unavailable(w, r, fmt.Sprintf("Route %s: its endpoints do not accept connections", t.route.Name))
	case errors.As(err, &timeout) && timeout.Timeout():
		page(w, r, http.StatusGatewayTimeout, "Gateway Time-out", fmt.Sprintf("Route %s: no answer in time", t.route.Name))
	case isTLS(err):
		unavailable(w, r, fmt.Sprintf("Route %s: the endpoint's certificate does not verify: %v", t.route.Name, err))
	default:
		page(w, r, http.StatusBadGateway, "Bad Gateway", fmt.Sprintf("Route %s: %v", t.route.Name, err))
	}
}

func isTLS(err error) bool {
	var verification *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var header tls.RecordHeaderError
	return errors.As(err, &verification) || errors.As(err, &authority) || errors.As(err, &header)
}

// unavailable is the page that OpenShift's router shows where nothing serves; here it says why.
func unavailable(w http.ResponseWriter, r *http.Request, reason string) {
	page(w, r, http.StatusServiceUnavailable, "Application is not available", reason)
}

func page(w http.ResponseWriter, _ *http.Request, code int, title, reason string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "private, max-age=0, no-cache, no-store")
	w.WriteHeader(code)
	const body = "<html>\n<head><title>%[1]s</title></head>\n<body>\n<h1>%[1]s</h1>\n<p>%[2]s</p>\n</body>\n</html>\n"
	fmt.Fprintf(w, body, title, html.EscapeString(reason))
}
