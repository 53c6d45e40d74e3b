package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

const wellKnownPath = "/.well-known/oauth-authorization-server"

// Front is the API server's door for the machine outside: it ends TLS, so that faults and the OAuth metadata of
// OpenShift can be served, and hands identities on as an authenticating proxy.
type Front struct {
	tls       *tls.Config
	handler   http.Handler
	wellKnown atomic.Pointer[json.RawMessage]
	overlays  atomic.Pointer[[]string]
}

// NewFront reads the certificates it needs from the PKI folder; overlaid paths go to the platform's socket.
func NewFront(pki, upstream, platform string, faults *Faults) (*Front, error) {
	server, err := tls.LoadX509KeyPair(filepath.Join(pki, "api-front-server.crt"), filepath.Join(pki, "api-front-server.key"))
	if err != nil {
		return nil, fmt.Errorf("server certificate: %w", err)
	}
	client, err := tls.LoadX509KeyPair(filepath.Join(pki, "api-front.crt"), filepath.Join(pki, "api-front.key"))
	if err != nil {
		return nil, fmt.Errorf("front-proxy certificate: %w", err)
	}
	pem, err := os.ReadFile(filepath.Join(pki, "ca.crt"))
	if err != nil {
		return nil, err
	}
	ca := x509.NewCertPool()
	if !ca.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s: holds no certificate", filepath.Join(pki, "ca.crt"))
	}
	front := &Front{tls: &tls.Config{
		Certificates: []tls.Certificate{server},
		ClientAuth:   tls.VerifyClientCertIfGiven,
		ClientCAs:    ca,
		NextProtos:   []string{"h2", "http/1.1"},
	}}
	known := apiProxy(upstream, &tls.Config{RootCAs: ca, Certificates: []tls.Certificate{client}})
	others := apiProxy(upstream, &tls.Config{RootCAs: ca})
	overlay := socketProxy(platform)
	front.handler = faults.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		metadata := front.wellKnown.Load()
		switch {
		case r.URL.Path == wellKnownPath && metadata == nil:
			http.NotFound(w, r)
		case r.URL.Path == wellKnownPath:
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(*metadata)
		case front.overlaid(r.URL.Path):
			overlay.ServeHTTP(w, r)
		case len(r.TLS.VerifiedChains) > 0:
			known.ServeHTTP(w, r)
		default:
			others.ServeHTTP(w, r)
		}
	}))
	return front, nil
}

// SetWellKnown sets the OAuth metadata; without any there is no such path.
func (f *Front) SetWellKnown(metadata json.RawMessage) {
	if len(metadata) == 0 || string(metadata) == "null" {
		f.wellKnown.Store(nil)
		return
	}
	f.wellKnown.Store(&metadata)
}

// SetOverlays sets the paths, with all below them, that the platform answers.
func (f *Front) SetOverlays(paths []string) { f.overlays.Store(&paths) }

func (f *Front) overlaid(path string) bool {
	paths := f.overlays.Load()
	return paths != nil && slices.ContainsFunc(*paths, func(prefix string) bool { return underPath(path, prefix) })
}

// Serve answers on the listener until it fails.
func (f *Front) Serve(listener net.Listener) error {
	server := &http.Server{Handler: f.handler, TLSConfig: f.tls, ReadHeaderTimeout: 30 * time.Second, ErrorLog: quiet()}
	return server.ServeTLS(listener, "", "")
}

// apiProxy speaks HTTP/1.1 to the API server: an upgrade (exec, port-forward) takes its connection over whole.
func apiProxy(upstream string, config *tls.Config) http.Handler {
	return identityProxy(&url.URL{Scheme: "https", Host: upstream}, &http.Transport{
		TLSClientConfig:     config,
		TLSNextProto:        map[string]func(string, *tls.Conn) http.RoundTripper{},
		MaxIdleConnsPerHost: 64,
		IdleConnTimeout:     time.Minute,
		DisableCompression:  true,
	})
}

func socketProxy(path string) http.Handler {
	return identityProxy(&url.URL{Scheme: "http", Host: "platform"}, &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{Timeout: dialTimeout}).DialContext(ctx, "unix", path)
		},
	})
}

// identityProxy hands requests on with the identity of the client's certificate.
func identityProxy(target *url.URL, transport http.RoundTripper) http.Handler {
	return &httputil.ReverseProxy{
		Rewrite: func(request *httputil.ProxyRequest) {
			request.SetURL(target)
			request.Out.Host = request.In.Host
			identify(request.Out.Header, request.In.TLS)
		},
		Transport:     transport,
		FlushInterval: -1, // watches
		ErrorLog:      quiet(),
		// a load balancer in front of an API server that is away just drops the connection
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
}

// identify removes what a client claims to be and says who its certificate says it is.
func identify(header http.Header, state *tls.ConnectionState) {
	for name := range header {
		if strings.HasPrefix(name, "X-Remote-") {
			header.Del(name)
		}
	}
	if state == nil || len(state.VerifiedChains) == 0 {
		return
	}
	subject := state.VerifiedChains[0][0].Subject
	header.Set("X-Remote-User", subject.CommonName)
	for _, group := range subject.Organization {
		header.Add("X-Remote-Group", group)
	}
}
